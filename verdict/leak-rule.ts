import type { EvidenceSummary, LowSeries } from '#model/evidence-summary.ts';
import { formatNumber } from '#model/figures.ts';
import { allowedPerHourDefault, settlesWithinHoursDefault } from '#model/leak-limits.ts';
import { falseAlarmsOfLook } from '#model/leak-looks.ts';
import { isOwnProcess, roleKind } from '#model/roles.ts';
import { judgeLeaks, type JudgedSeries, type NamedSeries } from './leak/judge-run.ts';
import { describeReason } from './leak/leak-reasons.ts';
import { type Finding, type JudgeInput, open } from './rule.ts';

const namedMax = 3;

/** Does a gateway's memory, or anything else that it holds, go on rising; fault windows and pauses are left out (R6.3). */
export function memoryLeak(input: JudgeInput): Finding {
  const found = leaksOf(input, {
    isAsked: (role) => roleKind(role) === 'gateway',
    unseen: 'No gateway was sampled during the load.',
    all: 'the gateways',
  });
  if (found.outcome !== 'pass' || input.endedEarly === undefined) return found;
  return open(`The load was ended because ${input.endedEarly.why}; the whole of it does not bear that out.`);
}

/** The same question of the harness's own processes (R7.5). What it finds is never said of the target, so it is no fail. */
export function harnessMemory(input: JudgeInput): Finding {
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
  readonly unseen: string;
  readonly all: string;
}

function leaksOf({ plan, evidence, checkpoint }: JudgeInput, { isAsked, unseen, all }: Asked): Finding {
  const lows = (evidence.lows ?? []).filter(({ role }) => isAsked(role));
  if (lows.length === 0) return open(unseen);
  const series = lows.map((low) => namedOf(low, evidence));
  const judged = judgeLeaks(series, falseAlarmsOfLook(plan, checkpoint));
  const failed = judged.filter(({ outcome }) => outcome === 'fail');
  if (failed.length > 0) return { outcome: 'fail', reason: `${failed.slice(0, namedMax).map(describeRise).join('; ')}${more(failed)}.` }; // prettier-ignore
  const unsure = judged.filter(({ outcome }) => outcome !== 'pass');
  if (unsure.length > 0) return open(`${unsure.slice(0, namedMax).map(describeDoubt).join('; ')}${more(unsure)}.`);
  return {
    outcome: 'pass',
    reason: `None of ${formatNumber(judged.length)} series of ${all} rises by more than is allowed, ${formatNumber(allowedPerHourDefault.bytes / 1e6)} MB an hour or ${allowedPerHourDefault.count} an hour of what is counted.`,
  };
}

const isBytes = (metric: string): boolean => metric.endsWith('_bytes');

function namedOf({ role, incarnation, metric, points }: LowSeries, evidence: EvidenceSummary): NamedSeries {
  const allowedPerHour = allowedPerHourDefault[isBytes(metric) ? 'bytes' : 'count'];
  const settlesWithinHours = settlesWithinHoursDefault;
  return {
    ...{ series: metric, incarnation: `${role}#${incarnation}`, limits: { allowedPerHour, settlesWithinHours } },
    moments: points.map(([at, value]) => ({ at, value })),
    cut: [...evidence.faultWindows, ...(evidence.pauses ?? [])],
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
