import { formatBytes, formatDuration, formatNumber, formatRatio } from '#model/figures.ts';
import type { OperatorRecord } from '#model/operator.ts';
import type { Progress, RunResult, StepRecord } from '#model/progress.ts';
import { outcomeInk, paint } from './colour.ts';
import type { FailedRun } from './service.ts';

/** How far a run is, in one line: phase, elapsed, load planned and delivered, p95, RSS, faults. */
export function renderProgress(progress: Progress, now: number): string {
  const startedAt = progress.steps[0]?.startedAt ?? now;
  const endedAt = progress.phase === 'done' ? (progress.steps.at(-1)?.endedAt ?? now) : now;
  const parts = [`${progress.phase.padEnd(10)} ${renderClock(endedAt - startedAt)}`];
  if (progress.paused === true) parts.push('PAUSED');
  if (progress.blocked !== undefined) parts.push(`BLOCKED: ${progress.blocked}`);
  if (progress.retrying !== undefined) parts.push(`TRYING AGAIN: ${progress.retrying}`);
  if (progress.phase === 'load') parts.push(...loadParts(progress, now));
  if (progress.gatewaysRssBytes !== undefined) parts.push(`gateways ${formatBytes(progress.gatewaysRssBytes)}`);
  parts.push(...faultParts(progress.faults));
  return parts.join(' · ');
}

const faultsToldMax = 3;
/** As a run tells of a fault that did what it was there for and is over. */
export const bitAndHealed = 'bit, healed by ';

/** A few are told one by one; of many, how many are over, and those that are not. */
function faultParts(faults: Progress['faults']): string[] {
  const begun = faults.filter(({ state }) => state !== 'planned');
  const over = begun.filter(({ state }) => state.startsWith(bitAndHealed));
  const told = begun.length > faultsToldMax ? begun.filter((fault) => !over.includes(fault)) : begun;
  const counted = told === begun ? [] : [`${over.length} of ${begun.length} faults healed`];
  return [...counted, ...told.map(({ fault, state }) => `${fault} ${state}`)];
}

function loadParts(
  { load, loadStartsAt, loadEndsAt, window, checkpoint, capacity, rate }: Progress,
  now: number,
): string[] {
  const parts: string[] = [];
  if (loadStartsAt !== undefined && loadEndsAt !== undefined) {
    const done = Math.min(Math.max(now - loadStartsAt, 0), loadEndsAt - loadStartsAt);
    parts.push(`load ${renderClock(done)} of ${renderClock(loadEndsAt - loadStartsAt)}`);
  }
  if (window !== undefined) parts.push(`window ${window.index + 1}/${window.of}`);
  if (checkpoint !== undefined)
    parts.push(`checkpoint ${checkpoint.number}/${checkpoint.of}: ${checkpoint.outcome} so far`);
  if (capacity !== undefined) parts.push(searchPart(capacity));
  if (load === undefined) return parts;
  parts.push(
    rate === undefined ? `${load.users} users` : `${formatNumber(rate)} iterations/s, ${load.users} users busy`,
  );
  if (load.due > 0) {
    parts.push(
      `delivered ${formatNumber(load.delivered)} of ${formatNumber(load.due)} (${formatRatio(load.delivered / load.due)})`,
    );
  }
  if (load.failed > 0) parts.push(`${formatNumber(load.failed)} failed`);
  if (load.latencyMsP95 !== undefined) parts.push(`p95 ${formatNumber(load.latencyMsP95)} ms`);
  return parts;
}

/** What a capacity search offers now, and what it knows. */
function searchPart({ probes, look, ratePerSecond, met, missed, endedBy }: NonNullable<Progress['capacity']>): string {
  const offered =
    ratePerSecond === undefined
      ? `${probes} probes done`
      : `probe ${probes + 1} at ${formatNumber(ratePerSecond)}/s (${look ?? 'first'})`;
  const known = [
    ...(met === undefined ? [] : [`met ${formatNumber(met)}/s`]),
    ...(missed === undefined ? [] : [`not ${formatNumber(missed)}/s`]),
  ];
  return [endedBy === undefined ? offered : `search over: ${endedBy}`, ...known].join(', ');
}

const marks = { running: '…', done: '✓', failed: '✗', skipped: '–', cancelled: '–' } as const;

/** A step that has ended: what it was, how long it took, what came of it. */
export function renderStep(step: StepRecord, colour: boolean): string {
  const ink = step.outcome === 'failed' ? 'red' : step.outcome === 'done' ? 'green' : 'dim';
  const took = step.endedAt === undefined ? '' : formatDuration(step.endedAt - step.startedAt);
  const mark = paint(marks[step.outcome], ink, colour);
  return `${mark} ${step.phase.padEnd(10)} ${took.padStart(9)}  ${step.note ?? ''}`.trimEnd();
}

/** What somebody told the run: when, who, what and why. */
export const renderOperatorAction = ({ at, who, what, why }: OperatorRecord, colour: boolean): string =>
  `${paint('»', 'yellow', colour)} ${new Date(at).toISOString().slice(11, 19)} UTC  ${who}: ${what} (${why})`;

/** A run that waits for somebody says what to type. */
export const renderBlocked = (workflowId: string, reason: string): string =>
  [
    `BLOCKED, and waiting for you: ${reason}`,
    `  soak resolve ${workflowId} retry --why "…"   the step is tried again`,
    `  soak resolve ${workflowId} skip --why "…"    what rests on it stays unanswered`,
    `  soak resolve ${workflowId} abort --why "…"   the run ends and is judged`,
  ].join('\n');

/** A load that stands still because somebody paused it says how it goes on. */
export const renderPaused = (workflowId: string): string =>
  `PAUSED: soak resume ${workflowId} --why "…" lets the load go on`;

/** The end of a run: verdict, reasons, where to read on. */
export function renderEnd(result: RunResult, colour: boolean): string {
  return [
    paint(result.outcome.toUpperCase(), outcomeInk[result.outcome], colour),
    ...result.reasons.map((reason) => `  ${reason}`),
    `report  ${result.report}`,
    `result  ${result.result}`,
  ].join('\n');
}

export const renderFailure = ({ failed, type }: FailedRun, colour: boolean): string =>
  `${paint('NO VERDICT', 'red', colour)}  ${type}: ${failed}`;

/** Elapsed time as a clock: `0:42`, `15:00`, `47:59:59`. */
export function renderClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
