import * as z from 'zod';
import { type DurationMs, minutes } from './duration.ts';

const waveNames = ['smoke', 'small', 'medium', 'large', 'enterprise'] as const;

/** A size class of the data set with its load (requirement R1). */
export const WaveName = z.enum(waveNames);
export type WaveName = z.infer<typeof WaveName>;

export interface Wave {
  readonly name: WaveName;
  readonly servers: number;
  readonly tools: number;
  readonly users: number;
  /** Private and shared teams together; each user owns one private team (R1.2). */
  readonly teams: number;
  readonly metricsRetentionDays: number;
  /** The cap on a team's members. The pinned largest team has min(cap, users) members (R2.2). */
  readonly teamMembersMax: number;
  /** Federated gateways, mocked (R1.1). */
  readonly gateways: number;
  readonly loadDurationMs: DurationMs;
  readonly virtualUsers: number;
}

const wave = (
  name: WaveName,
  [servers, tools, users, teams]: readonly [number, number, number, number],
  rest: Omit<Wave, 'name' | 'servers' | 'tools' | 'users' | 'teams'>,
): Wave => ({ name, servers, tools, users, teams, ...rest });

/** The table of requirement R1. */
export const waves: Readonly<Record<WaveName, Wave>> = {
  smoke: wave('smoke', [10, 50, 1_000, 5_000], {
    metricsRetentionDays: 7,
    teamMembersMax: 500,
    gateways: 10,
    loadDurationMs: minutes(1),
    virtualUsers: 20,
  }),
  small: wave('small', [100, 500, 10_000, 50_000], {
    metricsRetentionDays: 90,
    teamMembersMax: 50_000,
    gateways: 10,
    loadDurationMs: minutes(15),
    virtualUsers: 100,
  }),
  medium: wave('medium', [1_000, 2_500, 100_000, 500_000], {
    metricsRetentionDays: 365,
    teamMembersMax: 100_000,
    gateways: 50,
    loadDurationMs: minutes(30),
    virtualUsers: 500,
  }),
  large: wave('large', [5_000, 12_500, 500_000, 2_500_000], {
    metricsRetentionDays: 1_095,
    teamMembersMax: 500_000,
    gateways: 100,
    loadDurationMs: minutes(60),
    virtualUsers: 1_500,
  }),
  enterprise: wave('enterprise', [10_000, 50_000, 1_000_000, 5_000_000], {
    metricsRetentionDays: 1_825,
    teamMembersMax: 1_000_000,
    gateways: 100,
    loadDurationMs: minutes(120),
    virtualUsers: 2_000,
  }),
};

/** The date that history ends on is part of a wave's definition, not today (R1.6). */
export const asOf = '2026-01-01';
/** Usage metrics are six rows a tool a day (R2.3). */
export const metricsPerToolDay = 6;
