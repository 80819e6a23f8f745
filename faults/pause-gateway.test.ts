import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultPlan } from '#model/fault-plan.ts';
import { fakeClock, fakeProcesses } from '../test/fake-processes.ts';
import { memorySink } from '../test/memory-sink.ts';
import { inject } from './injection.ts';
import { readLease } from './lease-file.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

const victim = 'gateway-2';
const plan: FaultPlan = {
  ...{ fault: 'pause-gateway-2', kind: 'pause-gateway', victim },
  ...{ offsetMs: 0, holdMs: 5_000, deadlineMs: 15_000 },
};

let folder: string;
let clock: ReturnType<typeof fakeClock>;
let processes: ReturnType<typeof fakeProcesses>;
let sink: ReturnType<typeof memorySink>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pause-'));
  clock = fakeClock();
  processes = fakeProcesses('gateway-1', victim);
  sink = memorySink();
});
afterEach(() => rm(folder, { recursive: true, maxRetries: 5, retryDelay: 50 }));

const run = () =>
  inject({
    ...{ plan, folder, runKey: 'run-1', processes, sink, clock },
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
const watchdog = (): Watchdog =>
  createWatchdog({
    orders: { runKey: 'run-1', stackFolder: '', faultsFolder: folder, spoolFolder: '', roles: ['gateway-1', victim] },
    ...{ processes, sink, clock },
  });
const findings = () => sink.records.filter(({ kind }) => kind === 'finding');

describe('pausing a gateway', () => {
  it('stops the process and continues the same one, while the watchdog leaves it alone', async () => {
    const dog = watchdog();
    clock.during = () => dog.tick();
    expect(await run()).toMatchObject({ bit: true, healed: true, healedBy: 'injector' });
    expect(processes.log).toEqual([`freeze ${victim}`, `thaw ${victim}`]);
    expect(findings()).toEqual([]);
  });

  it('starts the victim that was killed while it was stopped', async () => {
    clock.during = async () => {
      if (processes.stopped.has(victim)) await processes.kill(victim);
    };
    expect(await run()).toMatchObject({ bit: true, healed: true });
    expect(processes.log).toEqual([`freeze ${victim}`, `kill ${victim}`, `start ${victim}`]);
  });

  it('is undone by the watchdog from the lease alone, by continuing it', async () => {
    // This injector stands still for ever as soon as it has to wait: in `bit`.
    clock.pause = () => new Promise(() => undefined);
    void run();
    await expect.poll(() => processes.stopped.has(victim)).toBe(true);
    await expect.poll(async () => (await readLease(folder, plan.fault))?.state).toBe('bit');
    clock.pass(plan.deadlineMs);
    const dog = watchdog();
    await dog.tick();
    await dog.settled();
    expect(processes.stopped.size).toBe(0);
    expect((await readLease(folder, plan.fault))?.state).toBe('healed-by-watchdog');
  });

  it('does not outlive an injector that stood still past its deadline, harmed late and died', async () => {
    const dog = watchdog();
    const freeze = processes.freeze.bind(processes);
    processes.freeze = async (role) => {
      // The injector has recorded `injected`; now its process stands still until the watchdog has healed.
      clock.pass(plan.deadlineMs);
      await dog.tick();
      await dog.settled();
      expect((await readLease(folder, plan.fault))?.state).toBe('healed-by-watchdog');
      await freeze(role);
      throw new Error('died');
    };
    await expect(run()).rejects.toThrow('died');
    expect(processes.stopped).toContain(victim);
    await dog.tick();
    await dog.settled();
    expect(processes.stopped.size).toBe(0);
  });

  it('undoes its own harm when that came after the watchdog had healed', async () => {
    const dog = watchdog();
    const freeze = processes.freeze.bind(processes);
    processes.freeze = async (role) => {
      clock.pass(plan.deadlineMs);
      await dog.tick();
      await dog.settled();
      await freeze(role);
    };
    expect(await run()).toMatchObject({ bit: false, healed: true, healedBy: 'watchdog' });
    expect(processes.stopped.size).toBe(0);
  });
});
