import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultRecord } from '#model/evidence.ts';
import type { FaultLease, FaultPlan } from '#model/fault-plan.ts';
import { fakeClock, fakeProcesses } from '../test/fake-processes.ts';
import { memorySink } from '../test/memory-sink.ts';
import { type FaultOutcome, inject } from './injection.ts';
import { advanceLease, listLeases, readLease, storeLease } from './lease-file.ts';
import { type Watchdog, createWatchdog } from './watchdog.ts';

const victim = 'gateway-2';
const plan: FaultPlan = {
  fault: 'kill-gateway-2',
  kind: 'kill-gateway',
  victim,
  offsetMs: 0,
  holdMs: 5_000,
  deadlineMs: 30_000,
};

let folder: string;
let clock: ReturnType<typeof fakeClock>;
let processes: ReturnType<typeof fakeProcesses>;
let sink: ReturnType<typeof memorySink>;
let abort: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faults-'));
  clock = fakeClock();
  processes = fakeProcesses('gateway-1', victim);
  sink = memorySink();
  abort = new AbortController();
});
afterEach(() => rm(folder, { recursive: true }));

const run = (onProgress: (state: FaultLease['state']) => void = () => undefined): Promise<FaultOutcome> =>
  inject({ plan, folder, runKey: 'run-1', processes, sink, signal: abort.signal, onProgress, clock });

const watchdog = (...roles: string[]): Watchdog =>
  createWatchdog({
    orders: { runKey: 'run-1', stackFolder: '/stack', faultsFolder: folder, spoolFolder: '/spool', roles },
    processes,
    sink,
    clock,
  });

const events = (): string[] => sink.records.flatMap((record) => (record.kind === 'fault' ? [record.event] : []));
const findings = (): string[] =>
  sink.records.flatMap((record) => (record.kind === 'finding' ? [`${record.finding}: ${record.detail}`] : []));

/** What an injector that died in `state` leaves behind. */
async function leaveLease(state: FaultLease['state'], path: readonly FaultLease['state'][]): Promise<void> {
  const record = (event: FaultLease['state']): FaultRecord => ({
    kind: 'fault',
    at: clock.now(),
    fault: plan.fault,
    event,
    detail: '',
  });
  await storeLease(folder, {
    runKey: 'run-1',
    plan,
    recipe: { kind: 'start-process', role: victim },
    deadlineAt: clock.now() + plan.deadlineMs,
    state: 'set-up',
    holdsDown: [victim],
    history: [record('set-up')],
  });
  for (const event of path) await advanceLease(folder, record(event));
  expect((await readLease(folder, plan.fault))?.state).toBe(state);
}

describe('inject', () => {
  it('bites, holds and heals, and records every transition once', async () => {
    const outcome = await run();

    expect(outcome).toMatchObject({ fault: plan.fault, bit: true, healed: true, healedBy: 'injector' });
    expect(outcome.endedAt - outcome.startedAt).toBeGreaterThanOrEqual(plan.holdMs);
    expect(outcome.endedAt - outcome.startedAt).toBeLessThan(plan.holdMs + 1_000);
    expect(events()).toEqual(['set-up', 'injected', 'bit', 'recovering', 'healed', 'cleaned-up']);
    expect(processes.log).toEqual([`kill ${victim}`, `start ${victim}`]);
  });

  it('has the lease on disk before it does the harm', async () => {
    const kill = processes.kill.bind(processes);
    let before: FaultLease | undefined;
    processes.kill = async (role) => {
      before = await readLease(folder, plan.fault);
      await kill(role);
    };
    await run();

    expect(before).toMatchObject({ state: 'injected', recipe: { kind: 'start-process', role: victim } });
  });

  it('refuses to harm a victim that is not up, and leaves no lease', async () => {
    processes.down.add(victim);

    await expect(run()).rejects.toThrow(/was not ready/);
    expect(await listLeases(folder)).toEqual([]);
  });

  it('says so when the harm did not bite', async () => {
    processes.kill = () => Promise.resolve();

    expect(await run()).toMatchObject({ bit: false, healed: true });
    expect(events()).not.toContain('bit');
  });

  it('undoes the harm at once when it is cancelled', async () => {
    clock.during = () => {
      abort.abort();
      return Promise.resolve();
    };
    const outcome = await run();

    expect(outcome).toMatchObject({ bit: true, healed: true, healedBy: 'injector' });
    expect(outcome.endedAt - outcome.startedAt).toBeLessThan(plan.holdMs);
    expect(processes.down.size).toBe(0);
  });

  it('is done already when it is called again', async () => {
    const first = await run();
    const second = await run();

    expect(second).toEqual(first);
    expect(processes.log).toEqual([`kill ${victim}`, `start ${victim}`]);
  });

  it.each<[FaultLease['state'], FaultLease['state'][], boolean]>([
    ['set-up', [], false],
    ['set-up', [], true],
    ['injected', ['injected'], false],
    ['injected', ['injected'], true],
    ['bit', ['injected', 'bit'], true],
    ['recovering', ['injected', 'bit', 'recovering'], true],
    ['recovering', ['injected', 'bit', 'recovering'], false],
    ['healed', ['injected', 'bit', 'recovering', 'healed'], false],
  ])('continues an injection that died in `%s`', async (state, path, isDown) => {
    await leaveLease(state, path);
    if (isDown) processes.down.add(victim);

    expect(await run()).toMatchObject({ bit: true, healed: true, healedBy: 'injector' });
    expect(processes.down.size).toBe(0);
    expect((await readLease(folder, plan.fault))?.state).toBe('cleaned-up');
  });

  it('does not hold longer because it was taken over', async () => {
    await leaveLease('bit', ['injected', 'bit']);
    processes.down.add(victim);
    clock.pass(4_000);
    const tookOverAt = clock.now();
    await run();

    expect(clock.now() - tookOverAt).toBeLessThan(plan.holdMs - 3_000);
  });

  it('does no harm once the deadline is over', async () => {
    await leaveLease('set-up', []);
    clock.pass(plan.deadlineMs);

    expect(await run()).toMatchObject({ bit: false, healed: true });
    expect(processes.log).toEqual([]);
  });

  it('finds that the watchdog was first, and leaves nothing down', async () => {
    const dog = watchdog(victim);
    let isPaused = false;
    clock.during = async () => {
      // The injector's process stands still until long after the deadline.
      if (!isPaused) clock.pass(plan.deadlineMs);
      isPaused = true;
      await dog.tick();
      await dog.settled();
    };

    expect(await run()).toMatchObject({ bit: true, healed: true, healedBy: 'watchdog' });
    const once = [...new Set(events())];
    expect(once).toEqual(['set-up', 'injected', 'bit', 'recovering', 'healed-by-watchdog', 'cleaned-up']);
  });
});

describe('watchdog', () => {
  it.each<[FaultLease['state'], FaultLease['state'][]]>([
    ['set-up', []],
    ['injected', ['injected']],
    ['bit', ['injected', 'bit']],
    ['recovering', ['injected', 'bit', 'recovering']],
  ])('heals at the deadline what a dead injector left in `%s`', async (state, path) => {
    await leaveLease(state, path);
    if (state !== 'set-up') processes.down.add(victim);
    const dog = watchdog(victim);

    clock.pass(plan.deadlineMs - 1);
    await dog.tick();
    await dog.settled();
    expect((await readLease(folder, plan.fault))?.state).toBe(state);
    expect(processes.log).toEqual([]);

    clock.pass(1);
    await dog.tick();
    await dog.settled();
    expect(processes.down.size).toBe(0);
    expect((await readLease(folder, plan.fault))?.state).toBe('healed-by-watchdog');
    expect(findings()).toEqual([]);
  });

  it('tells the whole life of a fault whose injector died before its own records were on disk', async () => {
    await leaveLease('bit', ['injected', 'bit']);
    expect(events()).toEqual([]);
    await watchdog(victim).healAll();
    expect(events()).toEqual(['set-up', 'injected', 'bit', 'recovering', 'healed-by-watchdog']);
  });

  it('names the death of a victim that nobody has harmed yet', async () => {
    await leaveLease('set-up', []);
    processes.down.add(victim);
    const dog = watchdog(victim);
    await dog.tick();
    await dog.settled();
    expect(processes.down.size).toBe(0);
    expect(findings()[0]).toBe(`unplanned-death: ${victim} was found dead and no fault holds it down`);
  });

  it('heals what is overdue, and leaves alone what somebody may still hold', async () => {
    await leaveLease('bit', ['injected', 'bit']);
    processes.down.add(victim);
    expect(await watchdog().healOverdue()).toEqual([]);
    expect(processes.down).toContain(victim);
    clock.pass(plan.deadlineMs);
    expect(await watchdog().healOverdue()).toEqual([plan.fault]);
    expect(processes.down.size).toBe(0);
  });

  it('calls a heal that came long after the deadline late', async () => {
    await leaveLease('bit', ['injected', 'bit']);
    processes.down.add(victim);
    clock.pass(plan.deadlineMs + 6_000);
    const dog = watchdog(victim);
    await dog.tick();
    await dog.settled();

    expect(findings()).toEqual([expect.stringMatching(/^late-heal: .* 6000 ms after the deadline$/)]);
  });

  it('starts again what died unasked, and says for how long it was down', async () => {
    const dog = watchdog('gateway-1', victim);
    processes.down.add('gateway-1');
    await dog.tick();
    await dog.settled();

    expect(processes.down.size).toBe(0);
    expect(findings()).toEqual([
      'unplanned-death: gateway-1 was found dead and no fault holds it down',
      'restarted: gateway-1 was down for 0 ms; start 1 brought it back',
    ]);
  });

  it('leaves alone what a fault holds down', async () => {
    await leaveLease('injected', ['injected']);
    processes.down.add(victim);
    const dog = watchdog(victim);
    await dog.tick();
    await dog.settled();

    expect(processes.down).toContain(victim);
    expect(findings()).toEqual([]);
  });

  it('does not mistake the leases of another run for its own', async () => {
    await leaveLease('bit', ['injected', 'bit']);
    processes.down.add(victim);
    const other = createWatchdog({
      orders: { runKey: 'run-2', stackFolder: '/stack', faultsFolder: folder, spoolFolder: '/spool', roles: [] },
      processes,
      sink,
      clock,
    });
    await other.healAll();

    expect(processes.down).toContain(victim);
  });

  it('waits longer after each start in a row, and reports a death once', async () => {
    const dog = watchdog('gateway-1');
    processes.down.add('gateway-1');
    processes.broken.add('gateway-1');
    const start = processes.start.bind(processes);
    const startedAt: number[] = [];
    const began = clock.now();
    processes.start = (role) => {
      startedAt.push(clock.now() - began);
      return start(role);
    };
    for (let tick = 0; tick <= 50; tick += 1) {
      await dog.tick();
      await new Promise(setImmediate);
      clock.pass(200);
    }

    expect(startedAt).toEqual([0, 200, 800, 1_800, 3_800, 8_800]);
    expect(findings()).toHaveLength(1);
  });

  it('heals everything at its own end, before any deadline', async () => {
    await leaveLease('bit', ['injected', 'bit']);
    processes.down.add(victim);
    await watchdog(victim).healAll();

    expect(processes.down.size).toBe(0);
    expect((await readLease(folder, plan.fault))?.state).toBe('healed-by-watchdog');
  });

  it('gives up with a record, which a later watchdog may still turn into a heal', async () => {
    await leaveLease('bit', ['injected', 'bit']);
    processes.down.add(victim);
    processes.broken.add(victim);
    await watchdog(victim).healAll();
    expect((await readLease(folder, plan.fault))?.state).toBe('failed');

    processes.broken.clear();
    await watchdog(victim).healAll();
    expect((await readLease(folder, plan.fault))?.state).toBe('healed-by-watchdog');
  });
});
