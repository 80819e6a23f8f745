import type { EvidenceSummary, LowSeries } from '#model/evidence-summary.ts';
import { formatNumber } from '#model/figures.ts';
import { allowedPerHourDefault, settlesWithinHoursDefault } from '#model/leak-limits.ts';
import { falseAlarmsOfLook } from '#model/leak-looks.ts';
import { judgeLeaks, type JudgedSeries, type NamedSeries } from './leak/judge-run.ts';
import { describeReason } from './leak/leak-reasons.ts';
import { type Finding, type JudgeInput, open } from './rule.ts';

const namedMax = 3;

/** Does a gateway's memory, or anything else that it holds, go on rising; fault windows and pauses are left out (R6.3). */
export function memoryLeak({ plan, evidence, checkpoint, endedEarly }: JudgeInput): Finding {
  const { lows = [] } = evidence;
  if (lows.length === 0) return open('No gateway was sampled during the load.');
  const series = lows.map((low) => namedOf(low, evidence));
  const judged = judgeLeaks(series, falseAlarmsOfLook(plan, checkpoint));
  const failed = judged.filter(({ outcome }) => outcome === 'fail');
  if (failed.length > 0) return { outcome: 'fail', reason: `${failed.slice(0, namedMax).map(describeRise).join('; ')}${more(failed)}.` }; // prettier-ignore
  const unsure = judged.filter(({ outcome }) => outcome !== 'pass');
  if (unsure.length > 0) return open(`${unsure.slice(0, namedMax).map(describeDoubt).join('; ')}${more(unsure)}.`);
  if (endedEarly !== undefined) return open(`The load was ended because ${endedEarly.why}; the whole of it does not bear that out.`); // prettier-ignore
  return {
    outcome: 'pass',
    reason: `None of ${formatNumber(judged.length)} series of the gateways rises by more than is allowed, ${formatNumber(allowedPerHourDefault.bytes / 1e6)} MB an hour or ${allowedPerHourDefault.count} an hour of what is counted.`,
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
