import type { PopulationPlan } from '#model/population-plan.ts';
import { fraction, hash32, mix32 } from '#model/random.ts';
import type { RowCursor } from './row-cursor.ts';
import { dayMs, historyStartsAt } from './shards.ts';

/** Relative use by hour of the day, UTC: quiet nights, a morning peak, a lunch dip, an afternoon peak. */
const hourWeights = [2, 1, 1, 1, 1, 2, 4, 7, 11, 14, 15, 14, 10, 12, 15, 15, 13, 10, 7, 5, 4, 4, 3, 3];
const quantiles = 4_096;
const failureShare = 0.02;
/** Latencies are multiples of an eighth of a millisecond, so that a float4 holds them exactly and SQL can digest them. */
const latencyParts = 8;
const latencyMsMax = 30_000;

export interface UsageRow {
  /** Milliseconds since the epoch. */
  at: number;
  toolId: number;
  latencyMs: number;
  ok: boolean;
}

/**
 * Rows of a range of days (R2.3): for every day and tool `metricsPerToolDay` calls, spread over the day as people work,
 * latencies long-tailed around the tool's own, two in a hundred failed and slow.
 */
export function openUsageRows(plan: PopulationPlan, firstDay: number, days: number): RowCursor {
  const { tools, metricsPerToolDay: calls, seed } = plan;
  const row: UsageRow = { at: 0, toolId: tools, latencyMs: 0, ok: true };
  const timeOfDay = timesOfDay();
  const tail = latencyTail();
  const usualLatencyMs = Float64Array.from(
    { length: tools + 1 },
    (_, toolId) => 15 * 20 ** fraction(hash32(seed, 501, toolId)),
  );
  const startsAt = historyStartsAt(plan);
  const failsBelow = Math.floor(failureShare * 0x10_0000);
  let [day, dayHash, hash, call] = [firstDay - 1, 0, 0, calls - 1];

  /** Moves on to the next tool-day; false, and nothing moved, when there is none. */
  const nextToolDay = (): boolean => {
    if (row.toolId === tools) {
      if (day + 1 >= firstDay + days) return false;
      row.toolId = 0;
      day += 1;
      dayHash = hash32(seed, 502, day);
    }
    row.toolId += 1;
    hash = mix32(dayHash ^ Math.imul(row.toolId, 0x9e37_79b1));
    return true;
  };

  const advance = (): boolean => {
    if (call + 1 === calls) {
      if (!nextToolDay()) return false;
      call = 0;
    } else {
      call += 1;
    }
    const when = mix32(hash + call + 1);
    const how = mix32(when ^ 0x5bd1_e995);
    const moment = ((call + fraction(when)) / calls) * quantiles;
    const slot = Math.floor(moment);
    const from = timeOfDay[slot] ?? 0;
    row.at = startsAt + day * dayMs + Math.floor(from + (moment - slot) * ((timeOfDay[slot + 1] ?? dayMs) - from));
    row.ok = (how & 0xf_ffff) >= failsBelow;
    const latency = (usualLatencyMs[row.toolId] ?? 0) * (tail[how >>> 20] ?? 1) * (row.ok ? 1 : 3);
    row.latencyMs = Math.min(latencyMsMax, Math.round(latency * latencyParts) / latencyParts);
    return true;
  };
  return { row: row as unknown as Record<string, unknown>, advance };
}

/** Moment of the day, in milliseconds, by which a share of its calls has come. */
function timesOfDay(): Float64Array {
  const total = hourWeights.reduce((sum, weight) => sum + weight, 0);
  const times = new Float64Array(quantiles + 1);
  let [hour, before] = [0, 0];
  for (let index = 0; index <= quantiles; index += 1) {
    const reached = (index / quantiles) * total;
    while (hour < hourWeights.length - 1 && reached > before + (hourWeights[hour] ?? 0)) {
      before += hourWeights[hour] ?? 0;
      hour += 1;
    }
    times[index] = (hour + (reached - before) / (hourWeights[hour] ?? 1)) * (dayMs / hourWeights.length);
  }
  times[quantiles] = dayMs - 1;
  return times;
}

/** Log-logistic quantiles with median 1: a few per cent of calls take several times as long as usual. */
const latencyTail = (): Float64Array =>
  Float64Array.from({ length: quantiles }, (_, index) => {
    const share = (index + 0.5) / quantiles;
    return (share / (1 - share)) ** 0.4;
  });
