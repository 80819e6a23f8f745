import type { Cache } from './cache.ts';
import type { Database } from './database.ts';

interface UsageTotals {
  readonly timeframeDays: number;
  readonly calls: number;
  readonly failures: number;
  readonly latencyMsMean: number;
}

/** Usage over the last days of the recorded history, which ends where the data set ends and not today (R1.6). */
export interface Analytics {
  /** JSON bytes `{"usage":[…]}`: calls counted for the team that owns the tool (R3.1), most calls first. */
  usageByTeam(timeframeDays: number, limit: number): Promise<Buffer>;
  totals(timeframeDays: number): Promise<UsageTotals>;
}

const dayMs = 86_400_000;

const usageByTeamQuery = `
  WITH usage AS (
    SELECT tool_id, count(*) AS calls, count(*) FILTER (WHERE NOT ok) AS failures, sum(latency_ms::float8) AS latency_ms
      FROM gateway.usage_metrics WHERE at >= $1 AND at <= $2 GROUP BY tool_id)
  SELECT t.team_id AS "teamId", sum(usage.calls)::float8 AS calls, sum(usage.failures)::float8 AS failures,
         sum(usage.latency_ms) / sum(usage.calls)::float8 AS "latencyMsMean"
    FROM usage JOIN gateway.tools t ON t.id = usage.tool_id
   WHERE t.team_id IS NOT NULL GROUP BY t.team_id ORDER BY calls DESC, "teamId" LIMIT $3`;

const totalsQuery = `
  SELECT count(*)::float8 AS calls, (count(*) FILTER (WHERE NOT ok))::float8 AS failures,
         coalesce(avg(latency_ms), 0)::float8 AS "latencyMsMean"
    FROM gateway.usage_metrics WHERE at >= $1 AND at <= $2`;

export function createAnalytics(database: Database, cache: Cache): Analytics {
  const timeframe = async (days: number): Promise<[Date, Date] | undefined> => {
    const end = await cache.read({ key: 'history-end', tags: [], load: () => historyEnd(database) });
    if (end === undefined) return undefined;
    const endMs = Number(end.toString());
    return [new Date(endMs - days * dayMs), new Date(endMs)];
  };

  return {
    async usageByTeam(timeframeDays, limit) {
      const bytes = await cache.read({
        key: `usage:${timeframeDays}:${limit}`,
        tags: [],
        load: async () => {
          const span = await timeframe(timeframeDays);
          if (span === undefined) return undefined;
          const usage = await database.rows('usage-by-team', usageByTeamQuery, [...span, limit]);
          return Buffer.from(JSON.stringify({ timeframeDays, usage }));
        },
      });
      return bytes ?? Buffer.from(JSON.stringify({ timeframeDays, usage: [] }));
    },
    async totals(timeframeDays) {
      const bytes = await cache.read({
        key: `usage-totals:${timeframeDays}`,
        tags: [],
        load: async () => {
          const span = await timeframe(timeframeDays);
          const [totals] = span ? await database.rows('usage-totals', totalsQuery, span) : [];
          return totals && Buffer.from(JSON.stringify({ timeframeDays, ...totals }));
        },
      });
      if (bytes === undefined) return { timeframeDays, calls: 0, failures: 0, latencyMsMean: 0 };
      return JSON.parse(bytes.toString()) as UsageTotals;
    },
  };
}

/**
 * Found by halving between 1970 and tomorrow, to the minute: the history has a block-range index only, over which `max(at)` would read
 * hundreds of millions of rows, while asking whether there is anything after a moment is quick.
 */
async function historyEnd(database: Database): Promise<Buffer | undefined> {
  const text = 'SELECT EXISTS (SELECT FROM gateway.usage_metrics WHERE at >= $1) AS some';
  const isAnyFrom = async (at: number): Promise<boolean> =>
    (await database.rows<{ some: boolean }>('history-from', text, [new Date(at)]))[0]?.some ?? false;
  let [from, until] = [0, Date.now() + dayMs];
  if (!(await isAnyFrom(from))) return undefined;
  while (until - from > 60_000) {
    const middle = Math.floor((from + until) / 2);
    if (await isAnyFrom(middle)) from = middle;
    else until = middle;
  }
  return Buffer.from(String(until));
}
