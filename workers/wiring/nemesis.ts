import type { Nemesis } from '#activities/inject-failures.ts';
import { createSpool } from '#evidence/spool.ts';
import { inject } from '#faults/injection.ts';
import { isOpen, listLeases, readLease } from '#faults/lease-file.ts';
import { createWatchdog } from '#faults/watchdog.ts';
import type { RunRef } from '#model/activities.ts';
import type { EvidenceSink } from '#model/evidence.ts';
import type { Context } from './context.ts';
import { deliveryIncarnation } from './delivery.ts';
import { stackProcesses } from './stack-processes.ts';

export function createNemesis(context: Context): Nemesis {
  const openSink = (run: RunRef, producer: string): EvidenceSink =>
    createSpool({ folder: context.runPlaces(run).spool, producer, incarnation: deliveryIncarnation() });
  return {
    async inject(run, { fault, startsAt }, beat) {
      const plan = (await context.readPlan(run)).faults.find((planned) => planned.fault === fault);
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
        return { fault, bit, healed, healedBy: healedBy === 'injector' ? 'injection' : healedBy };
      } finally {
        await sink.close();
      }
    },
    async healAll(run) {
      const faultsFolder = context.runPlaces(run).faults;
      const open = await openFaults(faultsFolder);
      if (open.length === 0) return { healed: [] };
      const sink = openSink(run, 'heal');
      try {
        const watchdog = createWatchdog({
          orders: {
            runKey: run.runKey,
            stackFolder: context.places.stack,
            faultsFolder,
            spoolFolder: context.runPlaces(run).spool,
            roles: [],
          },
          processes: stackProcesses(context.stackTable()),
          sink,
        });
        await watchdog.healAll();
        const still = await openFaults(faultsFolder);
        return { healed: open.filter((fault) => !still.includes(fault)) };
      } finally {
        await sink.close();
      }
    },
  };
}

async function openFaults(folder: string): Promise<string[]> {
  const open: string[] = [];
  for (const fault of await listLeases(folder)) {
    const lease = await readLease(folder, fault);
    if (lease !== undefined && isOpen(lease)) open.push(fault);
  }
  return open;
}
