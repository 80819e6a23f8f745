import type { PopulationPlan } from './population-plan.ts';
import type { RunInput } from './parse-input.ts';
import { asOf, metricsPerToolDay, type Wave } from './wave.ts';

/** Below these a data set has no shape left to keep: there are four classes of servers, and teams need people. */
const floors = { servers: 4, tools: 10, users: 10, teamMembersMax: 5 } as const;
const gatewaysOfFederationMin = 100;

/**
 * A wave's data set at a scale. `scale` shrinks servers, tools, users, teams and the team cap, never retention or gateways
 * (R1.1); `FederationLoad` has at least a hundred gateways (R1.5).
 */
export function planPopulation(
  wave: Wave,
  scale: number,
  options: Pick<RunInput, 'seed' | 'profile'> & { isFederation: boolean },
): PopulationPlan {
  const shrink = (what: keyof typeof floors): number => Math.max(floors[what], Math.round(wave[what] * scale));
  const users = shrink('users');
  return {
    seed: options.seed ?? defaultSeed,
    profile: options.profile ?? 'distribution',
    users,
    teams: Math.max(Math.round(wave.teams * scale), users * Math.round(wave.teams / wave.users)),
    teamMembersMax: shrink('teamMembersMax'),
    tools: shrink('tools'),
    servers: shrink('servers'),
    gateways: options.isFederation ? Math.max(gatewaysOfFederationMin, wave.gateways) : wave.gateways,
    metricsRetentionDays: wave.metricsRetentionDays,
    metricsPerToolDay,
    asOf,
  };
}

/** One seed for everybody who names none, so that two runs of a wave are the same work (R1.6). */
const defaultSeed = 20_260_101;
