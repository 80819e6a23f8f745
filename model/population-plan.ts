import * as z from 'zod';

export const SeedProfile = z.enum(['distribution', 'rule-of-thumb']);
export type SeedProfile = z.infer<typeof SeedProfile>;

/**
 * Everything the data set is computed from: with these numbers, every row is a pure function of (entity, index).
 * Ids of every entity are 0-based indexes plus one, so 1…count (32-bit).
 * Teams 1…users are the private ones (team u belongs to user u); users+1…teams are shared.
 */
export const PopulationPlan = z.strictObject({
  seed: z.int().min(0).max(0xffff_ffff),
  profile: SeedProfile,
  users: z.int().positive(),
  teams: z.int().positive(),
  teamMembersMax: z.int().positive(),
  tools: z.int().positive(),
  servers: z.int().positive(),
  gateways: z.int().positive(),
  metricsRetentionDays: z.int().positive(),
  metricsPerToolDay: z.int().positive(),
  /** ISO date; the last day of history (exclusive end of the last metrics day). */
  asOf: z.iso.date(),
});
export type PopulationPlan = z.infer<typeof PopulationPlan>;

export const entities = [
  'users',
  'teams',
  'memberships',
  'tools',
  'servers',
  'serverTools',
  'teamServers',
  'gateways',
  'gatewayPeers',
  'usageMetrics',
] as const;
export const Entity = z.enum(entities);
export type Entity = z.infer<typeof Entity>;

/** What one entity's seeding came to; checksums are order-independent 64-bit, in hexadecimal (R2.5). */
export const SeededEntity = z.strictObject({
  entity: Entity,
  rows: z.int().nonnegative(),
  checksum: z.string(),
  seconds: z.number().nonnegative(),
  /** On disk, indexes included, when everything was seeded. */
  bytes: z.int().nonnegative().optional(),
});
export type SeededEntity = z.infer<typeof SeededEntity>;

/** A seeded user that load is driven as: what `seeding` writes to `soakwave.identities` and `loadtest` is handed. */
export const Identity = z.strictObject({
  userId: z.int().positive(),
  privateTeamId: z.int().positive(),
  /** One to eight of the shared teams that the user really belongs to (R3.2); empty when it belongs to none. */
  teamIds: z.array(z.int().positive()).max(8),
  tokenSubject: z.string(),
  /** Number and order-independent digest of the ids of all seeded tools that this user may see. */
  visibleTools: z.int().nonnegative(),
  visibleDigest: z.string(),
});
export type Identity = z.infer<typeof Identity>;
