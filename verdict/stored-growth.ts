import { type EvidenceSummary, loadMsOf, type LowSeries } from '#model/evidence-summary.ts';
import { allowedPerHourDefault, settlesWithinHoursDefault } from '#model/leak-limits.ts';
import { type LoadPlan, totalLoadMs } from '#model/load-plan.ts';
import { metrics, tableMetric, tableOfNetRows } from '#model/metrics.ts';
import type { Plan } from '#model/plan.ts';
import { roleKind } from '#model/roles.ts';
import type { LeakLimits } from './leak/decide.ts';
import { heldEachOf } from './target-rules.ts';
import type { Window } from './windows.ts';

/** Rows and keys: what is stored, where other series are of what a process holds. */
export const isStored = (metric: string): boolean =>
  metric === metrics.redisKeys || tableOfNetRows(metric) !== undefined;

const steadyShareMin = 0.95;

/**
 * Where users hold a fixed number of objects each, nearly all of the time, and nobody else writes, rows and keys have no cause to
 * go on rising. In runs of minutes they are read too seldom, and keys live too long.
 */
export const isStoredAsked = ({ promises, leakWatch, load }: Plan): boolean =>
  leakWatch === undefined && promises.includes('memory-leak') && promises.includes('stationary') && isSteady(load);

function isSteady(load: LoadPlan): boolean {
  if (load.model === 'open' || load.pacingMs !== undefined) return false;
  const steadyMs = load.stages
    .filter(({ usersFrom, usersTo }) => usersFrom === load.virtualUsers && usersTo === load.virtualUsers)
    .reduce((sum, { durationMs }) => sum + durationMs, 0);
  return steadyMs >= steadyShareMin * totalLoadMs(load);
}

const materialSharePerDay = 0.1;
const dayHours = 24;
const hourMs = 3_600_000;

/**
 * A tenth of what there is in a day: there may be millions, and one more an hour is nothing. Beside that as many rows as the
 * harness itself may have left behind, because nobody answered it, or an engine died and its successor knows nothing of its objects.
 */
export function limitsOfStored(
  { role, metric }: Pick<LowSeries, 'role' | 'metric'>,
  plan: Plan,
  evidence: EvidenceSummary,
): LeakLimits {
  const table = tableOfNetRows(metric);
  const level = levelOf(role, table === undefined ? metric : tableMetric(table, 'rows'), evidence);
  const ofOurs = table === undefined ? 0 : strandedPerHour(plan.load, evidence);
  const allowedPerHour = Math.max(allowedPerHourDefault.count, (materialSharePerDay * level) / dayHours) + ofOurs;
  return { allowedPerHour, settlesWithinHours: settlesWithinHoursDefault, limit: level };
}

/** How many there are, by the server's own estimate. Net rows do not say that: they are counted from when it last lost count. */
function levelOf(role: string, metric: string, { series }: EvidenceSummary): number {
  const levels = series.flatMap((each) => (each.role === role && each.metric === metric ? (each.inLoad?.mean ?? []) : [])); // prettier-ignore
  return Math.max(0, ...levels);
}

function strandedPerHour(load: LoadPlan, evidence: EvidenceSummary): number {
  const engines = evidence.processes.filter(({ role }) => roleKind(role) === 'engine');
  const deaths = engines.length - new Set(engines.map(({ role }) => role)).size;
  const stranded = evidence.writes.indeterminate + deaths * load.virtualUsers * heldEachOf(load);
  return stranded / Math.max(1, loadMsOf(evidence) / hourMs);
}

/** Engines that are away delete nothing. */
export const outagesOfEngines = ({ outages }: EvidenceSummary): Window[] =>
  outages.filter(({ name }) => roleKind(name) === 'engine').map(({ from, to }) => ({ from, to }));

const endShare = 0.1;
const borneOutMin = 0.5;

/**
 * Net rows hold what was rolled back, or truncated, as well; live rows do not, and jump when the server corrects them. A rise is
 * believed when both tell of it: `perHour` at least by half.
 */
export function isBorneOut(
  { role, incarnation, metric }: Pick<LowSeries, 'role' | 'incarnation' | 'metric'>,
  perHour: number,
  { series }: EvidenceSummary,
): boolean {
  const table = tableOfNetRows(metric);
  if (table === undefined) return true;
  const wanted = tableMetric(table, 'rows');
  const rows = series.find((each) => each.role === role && each.incarnation === incarnation && each.metric === wanted);
  const points = rows?.points ?? [];
  const few = Math.ceil(points.length * endShare);
  const [first, last] = [middleOf(points.slice(0, few)), middleOf(points.slice(-few))];
  if (first === undefined || last === undefined || last.at <= first.at) return false;
  return (last.value - first.value) / ((last.at - first.at) / hourMs) >= borneOutMin * perHour;
}

function middleOf(points: readonly (readonly [number, number])[]): { at: number; value: number } | undefined {
  if (points.length === 0) return undefined;
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  return { at: mean(0), value: mean(1) };
}
