import type { CacheWarmer } from '#activities/warm-cache.ts';
import { warmCache } from '#loadtest/warm-up.ts';
import { metrics } from '#model/metrics.ts';
import type { ProbeSpec } from '#model/target.ts';
import { readIdentities } from '#seeding/identities.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import { createProbe } from '#telemetry/prometheus-scrape.ts';
import type { Context } from './context.ts';
import { loopbackHosts } from './places.ts';

const concurrency = 4;
/** All that seeding wrote; what does not fit the budget is left cold. */
const identitiesMax = 10_000;
const scrapeWithinMs = 900;

export function createCacheWarmer(context: Context): CacheWarmer {
  return {
    async warm(run, beat) {
      const plan = await context.readPlan(run);
      const address = context.stackAddress();
      const count = Math.min(identitiesMax, plan.population.users);
      const warmed = await warmCache({
        baseUrl: address.baseUrl,
        allowedHosts: loopbackHosts,
        speech: context.speech(plan),
        identities: await readIdentities({ databaseUrl: address.databaseUrl, plan: plan.population, count }),
        budgetMs: plan.warmUp.budgetMs,
        hitRatioChangeMax: plan.warmUp.hitRatioChangeMax,
        concurrency,
        seed: plan.seed,
        readHitRatio: createHitRatio(referenceTarget.probes(address)),
        onProgress: (progress) => {
          beat.progress(progress);
        },
        signal: beat.signal,
      });
      const { requests, hitRatio, settled, elapsedMs } = warmed;
      return { requests, settled, elapsedMs, ...(hitRatio === undefined ? {} : { hitRatio }) };
    },
  };
}

/** Hits of both levels among all look-ups since the last reading, over all instances; undefined when one does not answer. */
function createHitRatio(probes: readonly ProbeSpec[]): () => Promise<number | undefined> {
  const sources = probes.map((probe) => createProbe(probe, scrapeWithinMs));
  let last: { hits: number; lookups: number } | undefined;
  return async () => {
    const values = await Promise.all(sources.map((source) => source.read().catch(() => undefined)));
    let hits = 0;
    let lookups = 0;
    for (const value of values) {
      const l1Hits = value?.[metrics.cacheL1Hits];
      const l1Misses = value?.[metrics.cacheL1Misses];
      if (l1Hits === undefined || l1Misses === undefined) return undefined;
      hits += l1Hits + (value?.[metrics.cacheL2Hits] ?? 0);
      lookups += l1Hits + l1Misses;
    }
    const before = last;
    last = { hits, lookups };
    if (before === undefined || lookups <= before.lookups) return undefined;
    return (hits - before.hits) / (lookups - before.lookups);
  };
}
