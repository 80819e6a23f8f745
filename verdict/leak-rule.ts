import { formatNumber } from '#model/figures.ts';
import { allowedPerHourDefault } from '#model/leak-limits.ts';
import { isOwnProcess, roleKind } from '#model/roles.ts';
import { metrics, tableOfNetRows } from '#model/metrics.ts';
import { describeReason } from './leak/leak-reasons.ts';
import { isBytes, judgingOf, type Seen } from './leak-series.ts';
import { databaseRole, keysRole } from './low-fold.ts';
import { type Finding, type JudgeInput, open, type Rule } from './rule.ts';
import { isStored, isStoredAsked } from './stored-growth.ts';

/** Does anything that the target holds go on rising; fault windows and pauses are left out (R6.3). */
export const leakRules = {
  'memory-leak': memoryLeak,
  'handle-leak': handleLeak,
  'harness-memory': harnessMemory,
} as const satisfies Record<string, Rule>;

const namedMax = 3;

const memoryMetrics: readonly string[] = [
  ...[metrics.rssBytes, metrics.rssAnonBytes, metrics.heapUsedBytes, metrics.heapAfterMajorGcBytes],
  metrics.externalBytes,
];
const handleMetrics: readonly string[] = [
  ...[metrics.openFiles, metrics.threads, metrics.poolConnections, metrics.databaseConnections],
];

const ofTheTarget = {
  judged: judgingOf((role) => roleKind(role) === 'gateway' || role === databaseRole || role === keysRole),
  unseen: 'No gateway was sampled during the load.',
  all: 'the gateways and of what they store in',
} as const;
const ofTheHarness = {
  judged: judgingOf(isOwnProcess),
  unseen: 'No process of the harness was sampled during the load.',
  all: "the harness's own processes",
} as const;

/** Memory; of a run without a watch for leaks handles, rows and keys as well. */
function memoryLeak(input: JudgeInput): Finding {
  const metricsAsked = input.plan.leakWatch === undefined ? undefined : memoryMetrics;
  const found = leaksOf(input, { ...ofTheTarget, metricsAsked });
  if (found.outcome !== 'pass') return found;
  const unseen = unseenStores(input);
  if (unseen.length > 0) return open(`${unseen.join(' and ')} were not sampled during the load.`);
  if (input.endedEarly === undefined) return found;
  return open(`The load was ended because ${input.endedEarly.why}; the whole of it does not bear that out.`);
}

/** What of the stores a plan asks about and evidence says nothing of. */
function unseenStores(input: JudgeInput): string[] {
  if (input.checkpoint !== undefined || !isStoredAsked(input.plan)) return [];
  const seen = ofTheTarget.judged(input).map(({ series }) => series);
  const rows = seen.some((metric) => tableOfNetRows(metric) !== undefined) ? [] : ['Rows of tables'];
  return [...rows, ...(seen.includes(metrics.redisKeys) ? [] : ['Keys of Redis'])];
}

function handleLeak(input: JudgeInput): Finding {
  return leaksOf(input, { ...ofTheTarget, metricsAsked: handleMetrics });
}

/** The same question of the harness's own processes (R7.5). What it finds is never said of the target, so it is no fail. */
function harnessMemory(input: JudgeInput): Finding {
  const found = leaksOf(input, ofTheHarness);
  if (found.outcome === 'pass') return found;
  const reason = found.outcome === 'fail' ? `The harness itself leaks: ${found.reason}` : found.reason;
  const attribution = { to: 'generator', reason: 'these are processes of the harness; the target has no part in it' } as const; // prettier-ignore
  return { outcome: 'inconclusive', reason, attribution };
}

interface Asked {
  readonly judged: (input: JudgeInput) => readonly Seen[];
  /** All of them, when undefined. */
  readonly metricsAsked?: readonly string[] | undefined;
  readonly unseen: string;
  readonly all: string;
}

function leaksOf(input: JudgeInput, { judged, metricsAsked, unseen, all }: Asked): Finding {
  const { leakWatch } = input.plan;
  const seen = judged(input).filter(({ series: metric }) => metricsAsked?.includes(metric) ?? true);
  if (seen.every(({ series }) => isStored(series))) return open(unseen);
  const figures = leakWatch === undefined ? {} : figuresOf(seen);
  const failed = seen.filter(({ outcome }) => outcome === 'fail');
  if (failed.length > 0) return { outcome: 'fail', reason: `${bySize(failed).slice(0, namedMax).map(describeRise).join('; ')}${more(failed)}.`, ...figures }; // prettier-ignore
  const unsure = seen.filter(({ outcome }) => outcome !== 'pass');
  if (unsure.length > 0) return { ...open(`${unsure.slice(0, namedMax).map(describeDoubt).join('; ')}${more(unsure)}.`), ...figures }; // prettier-ignore
  const { bytes, count } = leakWatch?.allowedPerHour ?? allowedPerHourDefault;
  return {
    outcome: 'pass',
    reason: `None of ${formatNumber(seen.length)} series of ${all} rises by more than is allowed, ${formatNumber(bytes / 1e6)} MB an hour or ${formatNumber(count)} an hour of what is counted${seen.some(({ series }) => isStored(series)) ? ', and of rows and keys a tenth of them in a day, or one an hour where that is more' : ''}.`,
    ...figures,
  };
}

/** The most that any of them rises, beside what it may: the first where several are alike. */
function bySize(seen: readonly Seen[]): Seen[] {
  const sizeOf = (each: Seen): number => ('low' in each ? each.low / each.allowedPerHour : -Infinity);
  return [...seen].sort((one, other) => sizeOf(other) - sizeOf(one));
}

function figuresOf(seen: readonly Seen[]): Partial<Finding> {
  const [most] = bySize(seen);
  if (most === undefined || !('low' in most)) return {};
  const by = isBytes(most.series) ? 1e6 : 1;
  return {
    ...{ measured: most.slopePerHour / by, limit: most.allowedPerHour / by },
    ...{ unit: isBytes(most.series) ? 'MB/h' : 'an hour', between: [most.low / by, most.high / by] },
  };
}

const amount = (value: number, metric: string): string =>
  isBytes(metric) ? `${formatNumber(value / 1e6)} MB` : formatNumber(value);

function describeRise(seen: Seen): string {
  const { series, incarnation } = seen;
  if (!('low' in seen)) return `${series} of ${incarnation} rises`;
  const [slope, low, high] = [seen.slopePerHour, seen.low, seen.high].map((value) => amount(value, series));
  return `${series} of ${incarnation} rises by ${slope ?? ''} an hour (${low ?? ''} to ${high ?? ''})`;
}

function describeDoubt(seen: Seen): string {
  const { series, incarnation, reasons } = seen;
  const needs = 'needHours' in seen && Number.isFinite(seen.needHours) ? `, which takes about ${formatNumber(Math.ceil(seen.needHours))} h` : ''; // prettier-ignore
  const detectable = 'detectablePerHour' in seen ? `; ${amount(seen.detectablePerHour, series)} an hour would have been seen` : ''; // prettier-ignore
  return `${series} of ${incarnation}: ${reasons.map(describeReason).join(', ')}${detectable}${needs}`;
}

const more = (all: readonly unknown[]): string => (all.length > namedMax ? `; and ${all.length - namedMax} more` : '');
