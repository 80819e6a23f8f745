import type { PopulationPlan } from './population-plan.ts';
import { createPermutation, hash32 } from './random.ts';
import { regionOfGateway } from './region.ts';
import { apportion, locate } from './shares.ts';

/** Requirement R2.2, with the shares below. */
export const gatewayPatterns = ['hub-spoke', 'full-mesh', 'tiered', 'isolated'] as const;
export type GatewayPattern = (typeof gatewayPatterns)[number];
const patternShares = [0.4, 0.3, 0.2, 0.1];

/** A hub serves nine spokes; a tier's gateway has two below it. */
const hubGroup = 10;
const tierWidth = 2;

export interface GatewayLayout {
  gatewayRegion(gatewayId: number): string;
  gatewayPattern(gatewayId: number): GatewayPattern;
  gatewayPeers(gatewayId: number): readonly number[];
}

export function createGatewayLayout(plan: PopulationPlan): GatewayLayout {
  const ranks = createPermutation(plan.gateways, hash32(plan.seed, 401));
  const parts = apportion(plan.gateways, patternShares);
  const place = (gatewayId: number): { part: number; position: number } => locate(parts, ranks.forward(gatewayId - 1));
  const patternOf = (part: number): GatewayPattern => gatewayPatterns[part] ?? 'isolated';

  return {
    gatewayRegion: regionOfGateway,
    gatewayPattern: (gatewayId) => patternOf(place(gatewayId).part),
    gatewayPeers: (gatewayId) => {
      const { part, position } = place(gatewayId);
      const first = parts.slice(0, part).reduce((sum, count) => sum + count, 0);
      return linksFrom(patternOf(part), position, parts[part] ?? 0).map((peer) => 1 + ranks.inverse(first + peer));
    },
  };
}

/** Directed links inside a group of `count` gateways, by position: hub ↔ spokes, all ↔ all, parent → children, none. */
function linksFrom(pattern: GatewayPattern, position: number, count: number): number[] {
  const between = (from: number, to: number): number[] =>
    Array.from({ length: Math.max(0, Math.min(to, count) - from) }, (_, step) => from + step);
  const hub = position - (position % hubGroup);
  switch (pattern) {
    case 'hub-spoke':
      return position === hub ? between(hub + 1, hub + hubGroup) : [hub];
    case 'full-mesh':
      return between(0, count).filter((peer) => peer !== position);
    case 'tiered':
      return between(position * tierWidth + 1, position * tierWidth + 1 + tierWidth);
    case 'isolated':
      return [];
  }
}
