import { createSpool } from '#evidence/spool.ts';
import { SamplerOrders } from '#telemetry/orders.ts';
import { createSampler } from '#telemetry/sampler.ts';
import { type HeldOptions, type HeldWork, runHeld } from './wiring/held-process.ts';
import { incarnationsOf } from './wiring/incarnations.ts';
import { showFile } from './wiring/shown-file.ts';
import { latestFile } from './wiring/watch.ts';

const latestEveryMs = 2_000;

/** Samples every process of the run each second into the local spool (R6.1). */
await runHeld('sampler', { parse: (payload) => SamplerOrders.parse(payload), begin });

function begin(orders: SamplerOrders, held: HeldOptions): Promise<HeldWork<SamplerOrders>> {
  const sink = createSpool({ folder: orders.spoolFolder, producer: 'sampler', incarnation: held.epoch });
  const sampler = createSampler({ orders, processes: incarnationsOf(orders.tables), sink });
  const latest = showFile(latestFile(held.folder), latestEveryMs, () => sampler.latest());
  return Promise.resolve({
    follow: (next) => {
      sampler.follow(next);
    },
    ended: sampler.start(),
    async stop() {
      latest.leave();
      await sampler.stop();
      await sink.close();
    },
  });
}
