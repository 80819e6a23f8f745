import type { Latency, SeriesSummary } from '#model/evidence-summary.ts';
import { formatFigure } from '#model/figures.ts';
import { hasIntendedStarts } from '#model/load-plan.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import type { Finding, JudgeInput, Rule } from './rule.ts';
import { measureGenerators } from './saturation.ts';
import { pointMs } from './series-fold.ts';

type Percentile = 'p95Ms' | 'p99Ms';

interface LatencyAsked {
  readonly latency: Latency | undefined;
  readonly percentile: Percentile;
  readonly limit: number | undefined;
  /** `local reads`, `analytics`. */
  readonly of: string;
  readonly unseen: string;
}

/** A saturated generator's latencies are not the target's: it neither passes nor fails by them. */
function judgeLatency({ plan, evidence }: JudgeInput, asked: LatencyAsked): Finding {
  const found = compare({
    measured: asked.latency?.[asked.percentile],
    limit: asked.limit,
    unit: 'ms',
    what: `${asked.percentile.slice(0, 3)} ${hasIntendedStarts(plan.load) ? 'latency from the intended start' : 'service time'} of ${asked.of}, fault windows included,`,
    unseen: asked.unseen,
  });
  if (measureGenerators(evidence.generators)?.isSaturated !== true) return found;
  return { ...found, outcome: 'inconclusive', reason: `${found.reason} Generator saturated: this may be its own.` };
}

const latencyOfClass = ({ evidence }: JudgeInput, name: string): Latency | undefined =>
  evidence.classes.find((each) => each.class === name)?.overall;

const judgeReads = (input: JudgeInput, percentile: Percentile, limit: number | undefined): Finding =>
  judgeLatency(input, {
    ...{ latency: latencyOfClass(input, 'local-read'), percentile, limit },
    ...{ of: 'local reads', unseen: 'No local read was answered.' },
  });

const latencyLocalReads = (input: JudgeInput): Finding =>
  judgeReads(input, 'p95Ms', input.plan.objectives.localReadP95MsMax);

const latencyLocalReadsP99 = (input: JudgeInput): Finding =>
  judgeReads(input, 'p99Ms', input.plan.objectives.localReadP99MsMax);

/** R6's own table for federation is of aggregating over all gateways, not of every call. */
const latencyFederation = (input: JudgeInput): Finding =>
  judgeLatency(input, {
    latency: input.evidence.operations.find(({ operation }) => operation === 'federation-aggregate')?.latency,
    ...{ percentile: 'p95Ms', limit: input.plan.objectives.federationP95MsMax },
    ...{ of: 'federation aggregates', unseen: 'No federation aggregate was answered.' },
  });

const latencyAnalytics = (input: JudgeInput): Finding =>
  judgeLatency(input, {
    ...{ latency: latencyOfClass(input, 'analytics'), percentile: 'p95Ms' },
    ...{ limit: input.plan.objectives.analyticsP95MsMax },
    ...{ of: 'analytics and bulk', unseen: 'No analytics or bulk request was answered.' },
  });

/** The objectives of R6's table. Each is measured whether or not there is a limit, so that it can be shown. */
export const objectiveRules = {
  'latency-local-reads': latencyLocalReads,
  'memory-gateways': memoryGateways,
  'database-connections': databaseConnections,
  'cache-hit-ratio': cacheHitRatio,
  'latency-local-reads-p99': latencyLocalReadsP99,
  'latency-federation': latencyFederation,
  'latency-analytics': latencyAnalytics,
} as const satisfies Record<string, Rule>;

const isPaused = ({ pauses = [] }: JudgeInput['evidence'], at: number): boolean =>
  pauses.some(({ from, to }) => at >= from && at < to);

/** The largest sum, each instance taken at its peak within an interval: never less than what was really there together. */
function memoryGateways({ plan, evidence }: JudgeInput): Finding {
  const { loadStartsAt = 0, loadEndsAt = 0 } = evidence;
  const rss = evidence.series.filter(({ role, metric }) => roleKind(role) === 'gateway' && metric === metrics.rssBytes);
  const inLoad = rss.map((series) => ({
    ...series,
    points: series.points.filter(([at]) => at >= loadStartsAt && at < loadEndsAt && !isPaused(evidence, at)),
  }));
  return compare({
    measured: largestSum(inLoad, pointMs({ from: loadStartsAt, to: loadEndsAt }, plan.sampleIntervalMs)),
    limit: plan.objectives.gatewaysRssBytesMax,
    unit: 'bytes',
    what: "largest sum of the gateways' RSS",
    unseen: 'No gateway was sampled during the load.',
  });
}

function databaseConnections({ plan, evidence }: JudgeInput): Finding {
  const figures = evidence.series
    .filter(({ metric }) => metric === metrics.databaseConnections)
    .flatMap(({ inLoad }) => inLoad?.max ?? []);
  return compare({
    measured: figures.length === 0 ? undefined : Math.max(...figures),
    limit: plan.objectives.databaseConnectionsMax,
    unit: 'connections',
    what: 'largest number of database connections',
    unseen: 'The database was not sampled during the load.',
  });
}

/** Lookups that L1 or L2 answered, of all lookups: what misses L1 is looked up in L2. */
function cacheHitRatio({ plan, evidence }: JudgeInput): Finding {
  const increase = (metric: string): number =>
    evidence.series
      .filter((each) => each.metric === metric && roleKind(each.role) === 'gateway')
      .reduce((sum, { inLoad }) => sum + (inLoad?.increase ?? 0), 0);
  const hits = increase(metrics.cacheL1Hits) + increase(metrics.cacheL2Hits);
  const lookups = increase(metrics.cacheL1Hits) + increase(metrics.cacheL1Misses);
  return compare({
    measured: lookups === 0 ? undefined : Math.min(1, hits / lookups),
    limit: plan.objectives.cacheHitRatioMin,
    unit: 'ratio',
    what: 'cache hit ratio, L1 and L2 together,',
    unseen: 'No cache lookup was seen during the load.',
    isFloor: true,
  });
}

interface Comparison {
  readonly measured: number | undefined;
  readonly limit: number | undefined;
  readonly unit: string;
  readonly what: string;
  readonly unseen: string;
  readonly isFloor?: boolean;
}

function compare({ measured, limit, unit, what, unseen, isFloor = false }: Comparison): Finding {
  if (measured === undefined) return { outcome: 'inconclusive', reason: unseen };
  const shown = `The ${what} was ${formatFigure(measured, unit)}`;
  if (limit === undefined) {
    return { outcome: 'inconclusive', reason: `${shown}; the plan states no limit.`, measured, unit };
  }
  const isMet = isFloor ? measured >= limit : measured <= limit;
  const reason = `${shown} (${isFloor ? 'at least' : 'at most'} ${formatFigure(limit, unit)}).`;
  return { outcome: isMet ? 'pass' : 'fail', reason, measured, limit, unit };
}

/** In each interval of the plot the peak of every instance, summed; an instance's incarnations do not add up. */
function largestSum(series: readonly SeriesSummary[], intervalMs: number): number | undefined {
  const sums = new Map<number, Map<string, number>>();
  for (const { role, points } of series) {
    for (const [at, value] of points) {
      const interval = Math.floor(at / intervalMs);
      const peaks = sums.get(interval) ?? new Map<string, number>();
      sums.set(interval, peaks.set(role, Math.max(value, peaks.get(role) ?? 0)));
    }
  }
  const totals = [...sums.values()].map((peaks) => [...peaks.values()].reduce((sum, peak) => sum + peak, 0));
  return totals.length === 0 ? undefined : Math.max(...totals);
}
