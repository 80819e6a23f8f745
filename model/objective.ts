import * as z from 'zod';
import { binaryUnits } from './figures.ts';
import type { Question } from './verdict.ts';

/** Every objective that a run can be held to, by the name that the input calls it (R6). */
export const objectiveNames = [
  'errorRate',
  'p95Ms',
  'p99Ms',
  'federationP95Ms',
  'analyticsP95Ms',
  'gatewaysRssBytes',
  'databaseConnections',
  'cacheHitRatio',
  'requestsPerSecond',
] as const;
export const ObjectiveName = z.enum(objectiveNames);
export type ObjectiveName = z.infer<typeof ObjectiveName>;

/** The objectives of R6's table, resolved for this wave. Absent: no objective of that kind. */
export const Objectives = z.strictObject({
  localReadP95MsMax: z.number().positive().optional(),
  gatewaysRssBytesMax: z.number().positive().optional(),
  databaseConnectionsMax: z.number().positive().optional(),
  cacheHitRatioMin: z.number().min(0).max(1).optional(),
  failedIterationsRatioMax: z.number().min(0).max(1),
  /** The rest only where they bind: where the machine is of their class, or the input states them. */
  localReadP99MsMax: z.number().positive().optional(),
  federationP95MsMax: z.number().positive().optional(),
  analyticsP95MsMax: z.number().positive().optional(),
  requestsPerSecondMin: z.number().positive().optional(),
});
export type Objectives = z.infer<typeof Objectives>;

/** An indicator, a comparison and what answers for it; its threshold is the wave's, or the input's. */
interface Objective {
  readonly says: string;
  readonly unit: 'ms' | 'ratio' | 'bytes' | 'connections' | 'requests/s';
  readonly isFloor: boolean;
  readonly question: Question;
  readonly key: keyof Objectives;
}

export const objectives: Readonly<Record<ObjectiveName, Objective>> = {
  p95Ms: most('p95 of local reads', 'ms', { question: 'latency-local-reads', key: 'localReadP95MsMax' }),
  p99Ms: most('p99 of local reads', 'ms', { question: 'latency-local-reads-p99', key: 'localReadP99MsMax' }),
  federationP95Ms: most('p95 of federation aggregates', 'ms', {
    question: 'latency-federation',
    key: 'federationP95MsMax',
  }),
  analyticsP95Ms: most('p95 of analytics and bulk', 'ms', { question: 'latency-analytics', key: 'analyticsP95MsMax' }),
  errorRate: most('failed iterations', 'ratio', { question: 'error-rate', key: 'failedIterationsRatioMax' }),
  cacheHitRatio: {
    ...most('cache hit ratio', 'ratio', { question: 'cache-hit-ratio', key: 'cacheHitRatioMin' }),
    isFloor: true,
  },
  databaseConnections: most('database connections', 'connections', {
    question: 'database-connections',
    key: 'databaseConnectionsMax',
  }),
  gatewaysRssBytes: most('memory of all gateways', 'bytes', {
    question: 'memory-gateways',
    key: 'gatewaysRssBytesMax',
  }),
  requestsPerSecond: {
    ...most('capacity', 'requests/s', { question: 'capacity', key: 'requestsPerSecondMin' }),
    isFloor: true,
  },
};

function most(says: string, unit: Objective['unit'], answered: Pick<Objective, 'question' | 'key'>): Objective {
  return { says, unit, isFloor: false, ...answered };
}

const latencyMsMax = 600_000;
const latencyMs = z.number().positive().max(latencyMsMax);
const ratio = z.number().min(0).max(1);

/** `2GB` in powers of 1,024, as every figure in bytes is printed; a bare number is bytes. */
const Bytes = z.unknown().transform((given, context): number => {
  const bytes = typeof given === 'number' ? given : readBytes(given);
  if (Number.isFinite(bytes) && bytes > 0 && bytes <= bytesMax) return Math.round(bytes);
  context.addIssue({ code: 'custom', message: 'it must be a number of bytes, or text such as "512MB" or "2GB"' });
  return z.NEVER;
});
const bytesMax = 1_024 ** 5;

function readBytes(given: unknown): number {
  const [, amount, unit = 'B'] = /^(\d+(?:\.\d+)?) ?([KMGT]?B)$/i.exec(typeof given === 'string' ? given : '') ?? [];
  return Number(amount) * 1_024 ** binaryUnits.findIndex((each) => each === unit.toUpperCase());
}

/** What an input may say of each; the wave's own stands where it says nothing. */
export const ObjectivesInput = z
  .strictObject({
    p95Ms: latencyMs.optional(),
    p99Ms: latencyMs.optional(),
    federationP95Ms: latencyMs.optional(),
    analyticsP95Ms: latencyMs.optional(),
    errorRate: ratio.optional(),
    cacheHitRatio: ratio.optional(),
    databaseConnections: z.int().min(1).max(100_000).optional(),
    gatewaysRssBytes: Bytes.optional(),
    requestsPerSecond: z.number().positive().max(10_000_000).optional(),
  } satisfies Record<ObjectiveName, z.ZodType>)
  .refine((given) => Object.keys(given).length > 0, 'it must name at least one objective');
export type ObjectivesInput = z.infer<typeof ObjectivesInput>;

/** An objective that the input states: it binds on the machine that the run is on, whatever that is. */
export const OverriddenObjective = z.strictObject({
  objective: ObjectiveName,
  /** What the wave states; absent: it states none. */
  own: z.number().optional(),
});
export type OverriddenObjective = z.infer<typeof OverriddenObjective>;

type NameKey = (key: string) => string;

/** What each objective allows by itself, and all of them together, or without a search, do not. */
export function listObjectiveConflicts(
  { objectives: given, capacity }: { objectives?: ObjectivesInput | undefined; capacity?: unknown },
  nameKey: NameKey,
): string[] {
  if (given === undefined) return [];
  const problems: string[] = [];
  const { p95Ms, p99Ms, requestsPerSecond } = given;
  if (p95Ms !== undefined && p99Ms !== undefined && p99Ms < p95Ms) {
    problems.push(
      `${nameKey('objectives')}: a p99 is never below its p95, so p99Ms ${p99Ms} leaves p95Ms ${p95Ms} without a meaning; use a higher p99Ms`,
    );
  }
  if (requestsPerSecond !== undefined && capacity === undefined) {
    problems.push(
      `${nameKey('objectives')}: requestsPerSecond is answered by a capacity search only; ask for ${nameKey('capacity')}, or leave it out`,
    );
  }
  return problems;
}
