import type { Nemesis } from '#activities/inject-failures.ts';
import { createSpool } from '#evidence/spool.ts';
import { inject } from '#faults/injection.ts';
import { isOpen, listLeases, readLease } from '#faults/lease-file.ts';
import { createWatchdog, type Watchdog } from '#faults/watchdog.ts';
import type { RunRef } from '#model/activities.ts';
import type { EvidenceSink } from '#model/evidence.ts';
import type { Context } from './context.ts';
import { deliveryIncarnation } from './delivery.ts';
import { readBackAfter } from './oracle.ts';
import { stackProcesses } from './stack-processes.ts';

export function createNemesis(context: Context): Nemesis {
  const openSink = (run: RunRef, producer: string): EvidenceSink =>
    createSpool({ folder: context.runPlaces(run).spool, producer, incarnation: deliveryIncarnation() });
  return {
    async inject(run, { fault, startsAt, plan: asked }, beat) {
      const plan = asked ?? (await context.readPlan(run)).faults.find((planned) => planned.fault === fault);
      if (plan === undefined) throw new Error(`the plan has no fault ${fault}`);
      const sink = openSink(run, `fault-${fault}`);
      try {
        const { bit, healed, healedBy } = await inject({
          plan,
          folder: context.runPlaces(run).faults,
          runKey: run.runKey,
          processes: stackProcesses(context.stackTable()),
          sink,
          signal: beat.signal,
          onProgress: (state) => {
            beat.progress({ fault, state, startsAt });
          },
        });
        if (healed) await readBackAfter(context, run, { fault, sink, signal: beat.signal });
        return { fault, bit, healed, healedBy: healedBy === 'injector' ? 'injection' : healedBy };
      } finally {
        await sink.close();
      }
    },
    async healAll(run) {
      const faultsFolder = context.runPlaces(run).faults;
      const open = await openFaults(faultsFolder);
      if (open.length === 0) return { healed: [] };
      await withWatchdog(context, run.runKey, (watchdog) => watchdog.healAll());
      const still = await openFaults(faultsFolder);
      return { healed: open.filter((fault) => !still.includes(fault)) };
    },
  };
}

/**
 * Undoes what a run's faults left behind past their deadline, when its watchdog died with everything else (R7.3). Leases that
 * are not due stay open: the run's own watchdog or injection may still be there. Returns the names of the healed ones.
 */
export async function healOverdue(context: Context, runKey: string): Promise<string[]> {
  const open = await openFaults(context.runPlaces({ runKey }).faults);
  if (open.length === 0) return [];
  return withWatchdog(context, runKey, (watchdog) => watchdog.healOverdue());
}

/** A watchdog of the moment, without a process of its own: it keeps nothing alive and only heals. */
async function withWatchdog<T>(context: Context, runKey: string, work: (watchdog: Watchdog) => Promise<T>): Promise<T> {
  const { faults, spool } = context.runPlaces({ runKey });
  const sink = createSpool({ folder: spool, producer: 'heal', incarnation: deliveryIncarnation() });
  const orders = {
    ...{ runKey, stackFolder: context.places.stack, faultsFolder: faults, spoolFolder: spool },
    roles: [],
  };
  try {
    return await work(createWatchdog({ orders, processes: stackProcesses(context.stackTable()), sink }));
  } finally {
    await sink.close();
  }
}

async function openFaults(folder: string): Promise<string[]> {
  const open: string[] = [];
  for (const fault of await listLeases(folder)) {
    const lease = await readLease(folder, fault);
    if (lease !== undefined && isOpen(lease)) open.push(fault);
  }
  return open;
}
