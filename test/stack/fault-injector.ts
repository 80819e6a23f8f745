import { writeSync } from 'node:fs';
import * as z from 'zod';
import { openStackTable } from '#compose/local/provision.ts';
import { createSpool } from '#evidence/spool.ts';
import { inject } from '#faults/injection.ts';
import { faultEvents } from '#model/evidence.ts';
import { FaultPlan } from '#model/fault-plan.ts';
import { stackProcesses } from '#workers/wiring/stack-processes.ts';

/** One injection in a process of its own, which stands still for ever in a given state of its lease, so that it can be killed there. */
const options = z
  .strictObject({
    plan: FaultPlan,
    runKey: z.string(),
    stackFolder: z.string(),
    faultsFolder: z.string(),
    spoolFolder: z.string(),
    standStillAt: z.enum(faultEvents),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

await inject({
  plan: options.plan,
  folder: options.faultsFolder,
  runKey: options.runKey,
  processes: stackProcesses(openStackTable(options.stackFolder)),
  sink: createSpool({ folder: options.spoolFolder, producer: `fault-${options.plan.fault}`, incarnation: 1 }),
  signal: new AbortController().signal,
  onProgress(state) {
    if (state !== options.standStillAt) return;
    writeSync(1, `${state}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
