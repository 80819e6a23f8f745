import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeClaim } from '#compose/claim.ts';
import { place } from '#compose/held/place.ts';
import { readLease } from '#faults/lease-file.ts';
import type { WatchdogOrders } from '#faults/watchdog-orders.ts';
import { EvidenceRecord } from '#model/evidence.ts';
import type { FaultKind, FaultLease, FaultPlan } from '#model/fault-plan.ts';
import type { ProcessSpec } from '#model/stack.ts';
import { type Context, createContext } from '#workers/wiring/context.ts';
import { readEnvironment } from '#workers/wiring/environment.ts';
import { takeUpOpenFaults } from '#workers/wiring/open-faults.ts';
import { stackProcesses } from '#workers/wiring/stack-processes.ts';
import { resumeWatchdog } from '#workers/wiring/watch.ts';
import { freePort } from './free-port.ts';
import { startSystem, type System } from './system.ts';

/** A victim, a watchdog and an injector as processes; nothing else of the harness is there at all. */
const run = { runKey: 'run-1' };
const victim = 'gateway-2';
/** To see that a stopped process answers nobody takes a probe's timeout of two seconds. */
const deadlines: Readonly<Record<FaultKind, number>> = { 'kill-gateway': 3_000, 'pause-gateway': 5_000 };

let folder: string;
let context: Context;
let injectors: ChildProcess[];
async function victimSpec(): Promise<ProcessSpec> {
  const port = await freePort();
  const server = `require('node:http').createServer((_, answer) => answer.end('ok')).listen(${port}, '127.0.0.1')`;
  return {
    ...{ role: victim, command: context.environment.node, args: ['-e', server], env: {}, cwd: folder },
    ...{ ready: { kind: 'http', url: `http://127.0.0.1:${port}/`, status: 200 }, readyWithinMs: 20_000 },
    ...{ stopSignal: 'SIGTERM', stopWithinMs: 2_000 },
  };
}

async function startWatchdog(): Promise<number> {
  const { faults, spool, held } = context.runPlaces(run);
  const orders: WatchdogOrders = {
    ...{ runKey: run.runKey, stackFolder: context.places.stack, faultsFolder: faults, spoolFolder: spool },
    roles: [victim],
  };
  mkdirSync(join(held, 'watchdog'), { recursive: true });
  place({ folder: join(held, 'watchdog'), runKey: run.runKey, payload: orders });
  expect(await resumeWatchdog(context, run)).toBe(true);
  return watchdogPid();
}

const watchdogPid = (): number => context.heldTable(run).adopt('watchdog')?.pid ?? 0;
const leaseOf = (fault: string): Promise<FaultLease | undefined> => readLease(context.runPlaces(run).faults, fault);
const processes = () => stackProcesses(context.stackTable());
const answers = async (): Promise<boolean> =>
  !(await processes().isStopped(victim)) && (await processes().isReady(victim));

/** Starts an injector, lets it come to a state of its lease, and kills it there. */
async function dieIn(kind: FaultKind, standStillAt: FaultLease['state']): Promise<FaultPlan> {
  const holdMs = standStillAt === 'recovering' ? 500 : 60_000;
  const deadlineMs = deadlines[kind];
  const plan: FaultPlan = { fault: `${kind}-2`, kind, victim, offsetMs: 0, holdMs, deadlineMs };
  const { faults, spool } = context.runPlaces(run);
  const options = {
    ...{ plan, standStillAt, runKey: run.runKey },
    ...{ stackFolder: context.places.stack, faultsFolder: faults, spoolFolder: spool },
  };
  const script = fileURLToPath(new URL('fault-injector.ts', import.meta.url));
  const injector = spawn(context.environment.node, [script, JSON.stringify(options)]);
  injectors.push(injector);
  await once(injector.stdout, 'data');
  injector.kill('SIGKILL');
  await once(injector, 'exit');
  expect((await leaseOf(plan.fault))?.state).toBe(standStillAt);
  return plan;
}

/** Everything that was spooled for the run. */
function evidence(): EvidenceRecord[] {
  const { spool } = context.runPlaces(run);
  const lines = readdirSync(spool).flatMap((name) => readFileSync(join(spool, name), 'utf8').split('\n'));
  return lines.filter((line) => line !== '').map((line) => EvidenceRecord.parse(JSON.parse(line)));
}

async function healedAt(fault: string): Promise<number | undefined> {
  const lease = await leaseOf(fault);
  return lease?.history.find(({ event }) => event === 'healed-by-watchdog')?.at;
}

const cells = (['kill-gateway', 'pause-gateway'] as const).flatMap((kind) =>
  (['set-up', 'injected', 'bit', 'recovering'] as const).map((state) => [kind, state] as const),
);

describe('a fault whose injector dies, with nobody alive but the watchdog,', () => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'soakwave-leases-'));
    const { PATH, HOME } = process.env;
    context = createContext(readEnvironment({ PATH, HOME, SOAK_HOME: folder }), pino({ level: 'silent' }));
    injectors = [];
    mkdirSync(context.runPlaces(run).faults, { recursive: true });
    await context.stackTable().start(await victimSpec());
  });
  afterEach(async () => {
    for (const injector of injectors) injector.kill('SIGKILL');
    await context.heldTable(run).stop('watchdog');
    await context.stackTable().stop(victim);
    await context.store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(cells)('is healed at its deadline: %s, died in %s', async (kind, state) => {
    await startWatchdog();
    const { fault } = await dieIn(kind, state);
    const { deadlineAt = 0 } = (await leaseOf(fault)) ?? {};
    const isHarmed = state === 'bit' || state === 'recovering';
    expect(await answers()).toBe(!isHarmed);
    await sleep(Math.max(0, deadlineAt - 400 - Date.now()));
    expect(await healedAt(fault)).toBeUndefined();
    await expect.poll(() => healedAt(fault), { timeout: 15_000, interval: 50 }).toBeDefined();
    const lateMs = ((await healedAt(fault)) ?? Infinity) - deadlineAt;
    console.log(`${kind} in ${state}: healed ${lateMs} ms after the deadline`);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(3_000);
    expect(await answers()).toBe(true);
    // Nobody else's doing: one start of a killed victim, none of a paused one.
    expect(await processes().incarnationOf(victim)).toBe(kind === 'kill-gateway' && isHarmed ? 2 : 1);
    await expect
      .poll(() => evidence().flatMap((record) => (record.kind === 'fault' ? [record.event] : [])), { timeout: 5_000 })
      .toContain('healed-by-watchdog');
  });

  it('is healed before its deadline by a watchdog that is told to end: it cannot know of a successor', async () => {
    const pid = await startWatchdog();
    const { fault } = await dieIn('pause-gateway', 'bit');
    const { deadlineAt = 0 } = (await leaseOf(fault)) ?? {};
    process.kill(pid, 'SIGTERM');
    await expect.poll(watchdogPid, { timeout: 10_000 }).toBe(0);
    expect(await healedAt(fault)).toBeLessThan(deadlineAt);
    expect(await answers()).toBe(true);
  });

  it('waits, when the watchdog was killed too, for the next start of a host, and no longer', async () => {
    await takeClaim(context.places.stack, {
      ...run,
      workflowId: 'w',
      namespace: 'default',
      at: new Date().toISOString(),
    });
    const pid = await startWatchdog();
    const { fault } = await dieIn('kill-gateway', 'bit');
    process.kill(pid, 'SIGKILL');
    const { deadlineAt = 0 } = (await leaseOf(fault)) ?? {};
    await sleep(deadlineAt + 1_000 - Date.now());
    expect(await answers()).toBe(false);
    expect(watchdogPid()).toBe(0);

    await takeUpOpenFaults(context);
    expect(await answers()).toBe(true);
    expect((await leaseOf(fault))?.state).toBe('healed-by-watchdog');
    // The run that holds the stack has a watchdog again, before anybody asked Temporal.
    expect(watchdogPid()).toBeGreaterThan(0);
  });

  it('of a run that holds no stack any more is healed as well, and gets no watchdog', async () => {
    const { fault } = await dieIn('pause-gateway', 'bit');
    await takeUpOpenFaults(context);
    expect(await healedAt(fault)).toBeUndefined(); // it is not due: somebody may be there who holds it
    await sleep(((await leaseOf(fault))?.deadlineAt ?? 0) - Date.now());
    await takeUpOpenFaults(context);
    expect(await healedAt(fault)).toBeDefined();
    expect(await answers()).toBe(true);
    expect(watchdogPid()).toBe(0);
  });

  it('is taken over by a watchdog that begins in the middle of it', async () => {
    const pid = await startWatchdog();
    const { fault } = await dieIn('kill-gateway', 'bit');
    process.kill(pid, 'SIGKILL');
    await expect.poll(watchdogPid).toBe(0);
    expect(await resumeWatchdog(context, run)).toBe(true);
    await expect.poll(() => healedAt(fault), { timeout: 15_000 }).toBeDefined();
    const lease = await leaseOf(fault);
    expect(((await healedAt(fault)) ?? 0) - (lease?.deadlineAt ?? 0)).toBeLessThan(3_000);
    // The victim was down on purpose: no watchdog took it for a death.
    expect(evidence().filter(({ kind }) => kind === 'finding')).toEqual([]);
  });
});

describe('a run whose whole harness is killed in the middle of its fault', () => {
  const input = { wave: 'smoke', duration: '40s', window: '10s', users: 10, keep: 'stack' };
  const fault = `kill-${victim}`;
  const control = ['supervisor', 'orchestrator', 'host', 'seed', 'load', 'temporal'];
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  }, 240_000);
  afterAll(async () => {
    await system.down();
  }, 120_000);

  const lease = (runKey: string): Promise<FaultLease | undefined> =>
    readLease(join(system.folder, 'runs', runKey, 'faults'), fault);

  async function killWhenBit(held: readonly string[]): Promise<{ workflowId: string; runKey: string }> {
    expect((await system.soak('up')).exitCode).toBe(0);
    const run = await system.start('SoakWave', input);
    await expect.poll(async () => (await lease(run.runKey))?.state, { timeout: 180_000, interval: 50 }).toBe('bit');
    for (const role of control) system.kill(role);
    for (const role of held) system.kill(role, run.runKey);
    return run;
  }

  const answerOf = (runKey: string) =>
    system.readResult(runKey).verdict.answers.find(({ question }) => question === 'faults-healed');

  it('is healed by its watchdog at the deadline, goes on after `soak up`, and passes as it would have', async () => {
    const { workflowId, runKey } = await killWhenBit([]);
    await expect.poll(async () => (await lease(runKey))?.state, { timeout: 40_000 }).toBe('healed-by-watchdog');
    const { deadlineAt = 0, history = [] } = (await lease(runKey)) ?? {};
    const lateMs = (event: FaultLease['state']): number =>
      (history.find((each) => each.event === event)?.at ?? Infinity) - deadlineAt;
    console.log(
      `nobody but the watchdog: begun ${lateMs('recovering')} ms and healed ${lateMs('healed-by-watchdog')} ms after the deadline`,
    );
    expect(lateMs('recovering')).toBeGreaterThanOrEqual(0);
    expect(lateMs('recovering')).toBeLessThan(1_500);
    expect(lateMs('healed-by-watchdog')).toBeLessThan(9_000);
    expect((await system.soak('up')).exitCode).toBe(0);
    const { outcome, reasons } = await system.result(workflowId);
    expect({ outcome, reasons }).toEqual({ outcome: 'pass', reasons: [] });
    expect(answerOf(runKey)?.reason).toContain('by the watchdog');
    expect(system.readResult(runKey).faults.find((each) => each.fault === fault)).toMatchObject({
      healedBy: 'watchdog',
      victim,
    });
  }, 400_000);

  it('is healed by the next `soak up` when the watchdog was killed too, and the target is not blamed', async () => {
    const { workflowId, runKey } = await killWhenBit(['watchdog', 'sampler', 'engine-0']);
    const { deadlineAt = 0 } = (await lease(runKey)) ?? {};
    await sleep(Math.max(0, deadlineAt + 2_000 - Date.now()));
    expect((await lease(runKey))?.state).toBe('bit');
    const upAt = Date.now();
    const up = system.soak('up');
    await expect.poll(async () => (await lease(runKey))?.state, { timeout: 120_000 }).toBe('healed-by-watchdog');
    const healedAt = (await lease(runKey))?.history.at(-1)?.at ?? Infinity;
    console.log(`with nobody at all: healed ${healedAt - upAt} ms after \`soak up\``);
    expect((await up).exitCode).toBe(0);
    const { outcome } = await system.result(workflowId);
    console.log(system.readResult(runKey).verdict.headline, answerOf(runKey)?.reason);
    expect(outcome).toBe('inconclusive');
    expect(system.readResult(runKey).verdict.answers.filter((answer) => answer.outcome === 'fail')).toEqual([]);
    expect(answerOf(runKey)).toMatchObject({ outcome: 'inconclusive' });
    expect(answerOf(runKey)?.reason).toContain('nobody of the harness was there');
  }, 400_000);
});
