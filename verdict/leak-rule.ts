import type { EvidenceSummary, LowSeries } from '#model/evidence-summary.ts';
import { formatNumber } from '#model/figures.ts';
import { allowedPerHourDefault, settlesWithinHoursDefault } from '#model/leak-limits.ts';
import { falseAlarmsOfLook } from '#model/leak-looks.ts';
import { isOwnProcess, roleKind } from '#model/roles.ts';
import type { LeakWatch } from '#model/leak-watch.ts';
import { metrics } from '#model/metrics.ts';
import { judgeLeaks, type JudgedSeries, type NamedSeries } from './leak/judge-run.ts';
import { describeReason } from './leak/leak-reasons.ts';
import { databaseRole } from './low-fold.ts';
import { type Finding, type JudgeInput, open, type Rule } from './rule.ts';

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
  isAsked: (role: string) => roleKind(role) === 'gateway' || role === databaseRole,
  unseen: 'No gateway was sampled during the load.',
  all: 'the gateways and of the database',
} as const;

/** Memory; of a run without a watch for leaks, handles as well. */
function memoryLeak(input: JudgeInput): Finding {
  const metricsAsked = input.plan.leakWatch === undefined ? undefined : memoryMetrics;
  const found = leaksOf(input, { ...ofTheTarget, metricsAsked });
  if (found.outcome !== 'pass' || input.endedEarly === undefined) return found;
  return open(`The load was ended because ${input.endedEarly.why}; the whole of it does not bear that out.`);
}

function handleLeak(input: JudgeInput): Finding {
  return leaksOf(input, { ...ofTheTarget, metricsAsked: handleMetrics });
}

/** The same question of the harness's own processes (R7.5). What it finds is never said of the target, so it is no fail. */
function harnessMemory(input: JudgeInput): Finding {
  const found = leaksOf(input, {
    isAsked: isOwnProcess,
    unseen: 'No process of the harness was sampled during the load.',
    all: "the harness's own processes",
  });
  if (found.outcome === 'pass') return found;
  const reason = found.outcome === 'fail' ? `The harness itself leaks: ${found.reason}` : found.reason;
  const attribution = { to: 'generator', reason: 'these are processes of the harness; the target has no part in it' } as const; // prettier-ignore
  return { outcome: 'inconclusive', reason, attribution };
}

interface Asked {
  readonly isAsked: (role: string) => boolean;
  /** All of them, when undefined. */
  readonly metricsAsked?: readonly string[] | undefined;
  readonly unseen: string;
  readonly all: string;
}

/** All series of those who are asked about are judged together, so that their questions share the run's chance of a false alarm. */
function leaksOf({ plan, evidence, checkpoint }: JudgeInput, { isAsked, metricsAsked, unseen, all }: Asked): Finding {
  const { leakWatch } = plan;
  const series = (evidence.lows ?? []).filter(({ role }) => isAsked(role)).map((low) => namedOf(low, evidence, leakWatch)); // prettier-ignore
  const judged = judgeLeaks(series, falseAlarmsOfLook(plan, checkpoint)).filter(
    ({ series: metric }) => metricsAsked?.includes(metric) ?? true,
  );
  if (judged.length === 0) return open(unseen);
  const figures = leakWatch === undefined ? {} : figuresOf(judged, leakWatch);
  const failed = judged.filter(({ outcome }) => outcome === 'fail');
  if (failed.length > 0) return { outcome: 'fail', reason: `${bySize(failed, leakWatch).slice(0, namedMax).map(describeRise).join('; ')}${more(failed)}.`, ...figures }; // prettier-ignore
  const unsure = judged.filter(({ outcome }) => outcome !== 'pass');
  if (unsure.length > 0) return { ...open(`${unsure.slice(0, namedMax).map(describeDoubt).join('; ')}${more(unsure)}.`), ...figures }; // prettier-ignore
  const { bytes, count } = leakWatch?.allowedPerHour ?? allowedPerHourDefault;
  return {
    outcome: 'pass',
    reason: `None of ${formatNumber(judged.length)} series of ${all} rises by more than is allowed, ${formatNumber(bytes / 1e6)} MB an hour or ${formatNumber(count)} an hour of what is counted.`,
    ...figures,
  };
}

const isBytes = (metric: string): boolean => metric.endsWith('_bytes');
const unitOf = (metric: string): 'bytes' | 'count' => (isBytes(metric) ? 'bytes' : 'count');

function namedOf(
  { role, incarnation, metric, points }: LowSeries,
  evidence: EvidenceSummary,
  watch: LeakWatch | undefined,
): NamedSeries {
  const unit = unitOf(metric);
  const limits =
    watch === undefined
      ? { allowedPerHour: allowedPerHourDefault[unit], settlesWithinHours: settlesWithinHoursDefault }
      : { ...watch, allowedPerHour: watch.allowedPerHour[unit] };
  return {
    ...{ series: metric, incarnation: `${role}#${incarnation}`, limits },
    moments: points.map(([at, value]) => ({ at, value })),
    cut: [...evidence.faultWindows, ...(evidence.pauses ?? [])],
  };
}

/** The most that any of them rises, beside what it may: the first where several are alike. */
function bySize(judged: readonly JudgedSeries[], watch: LeakWatch | undefined): JudgedSeries[] {
  const allowed = watch?.allowedPerHour ?? allowedPerHourDefault;
  const sizeOf = (each: JudgedSeries): number => ('low' in each ? each.low / allowed[unitOf(each.series)] : -Infinity);
  return [...judged].sort((one, other) => sizeOf(other) - sizeOf(one));
}

function figuresOf(judged: readonly JudgedSeries[], watch: LeakWatch): Partial<Finding> {
  const [most] = bySize(judged, watch);
  if (most === undefined || !('low' in most)) return {};
  const by = isBytes(most.series) ? 1e6 : 1;
  return {
    ...{ measured: most.slopePerHour / by, limit: watch.allowedPerHour[unitOf(most.series)] / by },
    ...{ unit: isBytes(most.series) ? 'MB/h' : 'an hour', between: [most.low / by, most.high / by] },
  };
}

const amount = (value: number, metric: string): string =>
  isBytes(metric) ? `${formatNumber(value / 1e6)} MB` : formatNumber(value);

function describeRise(judged: JudgedSeries): string {
  const { series, incarnation } = judged;
  if (!('low' in judged)) return `${series} of ${incarnation} rises`;
  const [slope, low, high] = [judged.slopePerHour, judged.low, judged.high].map((value) => amount(value, series));
  return `${series} of ${incarnation} rises by ${slope ?? ''} an hour (${low ?? ''} to ${high ?? ''})`;
}

function describeDoubt(judged: JudgedSeries): string {
  const { series, incarnation, reasons } = judged;
  const needs = 'needHours' in judged && Number.isFinite(judged.needHours) ? `, which takes about ${formatNumber(Math.ceil(judged.needHours))} h` : ''; // prettier-ignore
  const seen = 'detectablePerHour' in judged ? `; ${amount(judged.detectablePerHour, series)} an hour would have been seen` : ''; // prettier-ignore
  return `${series} of ${incarnation}: ${reasons.map(describeReason).join(', ')}${seen}${needs}`;
}

const more = (all: readonly unknown[]): string => (all.length > namedMax ? `; and ${all.length - namedMax} more` : '');
