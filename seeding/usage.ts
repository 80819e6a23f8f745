import type { PopulationPlan } from '#model/population-plan.ts';
import { fraction, hash32, mix32 } from '#model/random.ts';
import { createBatch, type RowStream } from './row-batch.ts';
import { dayMs, historyStartsAt } from './shards.ts';

/** Relative use by hour of the day, UTC: quiet nights, a morning peak, a lunch dip, an afternoon peak. */
const hourWeights = [2, 1, 1, 1, 1, 2, 4, 7, 11, 14, 15, 14, 10, 12, 15, 15, 13, 10, 7, 5, 4, 4, 3, 3];
const quantiles = 4_096;
const failureShare = 0.02;
/** A failed call takes so many times as long. */
const failureFactor = 3;
/** Latencies are multiples of an eighth of a millisecond, so that a float4 holds them exactly and SQL can digest them. */
const latencyParts = 8;
const latencyMsMax = 30_000;

/**
 * Rows of a range of days (R2.3): for every day and tool `metricsPerToolDay` calls, spread over the day as people work,
 * latencies long-tailed around the tool's own, two in a hundred failed and slow.
 */
export function openUsageRows(plan: PopulationPlan, range: { first: number; count: number; rows: number }): RowStream {
  const { tools, metricsPerToolDay: calls, seed } = plan;
  const batch = createBatch(range.rows, ['at', 'toolId', 'latencyMs', 'ok']);
  const { at: ats, toolId: toolIds, latencyMs: latencies, ok: oks } = batch.numbers;
  const timeOfDay = timesOfDay();
  const tail = latencyTail();
  const usualLatencyMs = Float64Array.from(
    { length: tools + 1 },
    (_, toolId) => 15 * 20 ** fraction(hash32(seed, 501, toolId)),
  );
  const startsAt = historyStartsAt(plan);
  const failsBelow = Math.floor(failureShare * 0x10_0000);
  const endDay = range.first + range.count;
  let [nextDay, nextTool] = [range.first, 1];

  /** All calls of a tool on a day, from index `from` of the batch on. */
  const fillToolDay = (day: number, toolId: number, from: number): void => {
    const toolDay = mix32(hash32(seed, 502, day) ^ Math.imul(toolId, 0x9e37_79b1));
    const dayAt = startsAt + day * dayMs;
    const usual = usualLatencyMs[toolId] ?? 0;
    for (let call = 0; call < calls; call += 1) {
      const when = mix32(toolDay + call + 1);
      const how = mix32(when ^ 0x5bd1_e995);
      const moment = ((call + fraction(when)) / calls) * quantiles;
      const slot = Math.floor(moment);
      const before = timeOfDay[slot] ?? 0;
      const ok = (how & 0xf_ffff) >= failsBelow;
      const latency = usual * (tail[how >>> 20] ?? 1) * (ok ? 1 : failureFactor);
      ats[from + call] = dayAt + Math.floor(before + (moment - slot) * ((timeOfDay[slot + 1] ?? dayMs) - before));
      toolIds[from + call] = toolId;
      latencies[from + call] = Math.min(latencyMsMax, Math.floor(latency * latencyParts + 0.5) / latencyParts);
      oks[from + call] = ok ? 1 : 0;
    }
  };

  return {
    batch,
    fill: () => {
      let size = 0;
      while (size + calls <= range.rows && nextDay < endDay) {
        fillToolDay(nextDay, nextTool, size);
        size += calls;
        nextTool += 1;
        if (nextTool > tools) [nextDay, nextTool] = [nextDay + 1, 1];
      }
      batch.size = size;
      return size > 0;
    },
  };
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
