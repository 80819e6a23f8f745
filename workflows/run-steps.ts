import type { SeededEntity } from '#model/population-plan.ts';
import { finishSeed, onHost, prepareSeed, seedShards, verify, warmCache } from './activity-proxies.ts';
import { collectEverywhere, stopShards } from './clean-up.ts';
import { type Run, step } from './run.ts';

/** Starts the stack, then who watches it: from here on a part that dies is seen and restarted. */
export async function provision(run: Run): Promise<void> {
  const host = onHost(run.state.host);
  await step(run, 'provision', {
    work: async () => {
      const provisioned = await host.provision(run.ref);
      await host.startWatching(run.ref);
      return provisioned;
    },
    note: ({ note }) => note,
  });
}

/** Everything between the stack and the load. */
export async function prepareLoad(run: Run): Promise<void> {
  await step(run, 'seed', {
    work: () => seed(run),
    note: ({ rows, pulled }) => (pulled === 0 ? `${rows} rows were there already` : `${rows} rows, reconciled`),
  });
  const warmUp = await step(run, 'warm-cache', {
    work: () => warmCache(run.ref),
    note: ({ requests, hitRatio, settled }) =>
      `${requests} requests, hit ratio ${hitRatio?.toFixed(3) ?? 'unknown'}, ${settled ? 'settled' : 'budget used up'}`,
  });
  if (warmUp !== undefined) {
    const { requests, hitRatio, settled } = warmUp;
    run.state.warmUp = { requests, settled, ...(hitRatio === undefined ? {} : { hitRatio }) };
  }
}

async function seed(run: Run): Promise<{ entities: SeededEntity[]; rows: number; pulled: number }> {
  await prepareSeed(run.ref);
  const pullers = Array.from({ length: run.state.plan.seedActivities }, () => seedShards(run.ref));
  const pulled = (await Promise.all(pullers)).reduce((sum, { shards }) => sum + shards, 0);
  const finished = await finishSeed(run.ref);
  run.state.seeded = finished.entities;
  return { ...finished, pulled };
}

/** Lets in-flight work end, then asks whether what the target acknowledged is still true. */
export async function drainAndVerify(run: Run): Promise<void> {
  await step(run, 'drain', {
    work: () => stopShards(run),
    note: ({ stopped }) => `${stopped} of ${run.state.plan.shards} engines ended`,
  });
  const verification = await step(run, 'verify', {
    work: async () => {
      const { unheard } = await collectEverywhere(run, { journals: true });
      return verify(unheard.length === 0 ? run.ref : { ...run.ref, unheard });
    },
    note: ({ checked, lost, resurrected }) =>
      `${checked} written objects read back, ${lost.length} lost, ${resurrected.length} resurrected`,
  });
  if (verification !== undefined) run.verification = verification;
}
