import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunResult } from '#model/progress.ts';
import type { Question } from '#model/verdict.ts';
import type { System } from '../stack/system.ts';
import { type Cell, rolesOf } from './cells.ts';
import { isFresh } from './compare.ts';
import { createHooks, type Hooks } from './hooks.ts';
import { describePoint } from './kill-points.ts';
import { askEvidence, type Observation, observe, readStarts } from './observation.ts';

/** Small data and 15 s of load, enough for every operation to be checked 20 times and for one planned fault. */
const short = {
  wave: 'smoke',
  scale: 0.3,
  users: 100,
  spawnRate: 100,
  duration: '15s',
  window: '5s',
  seed: 7,
  faults: 'planned',
  warmUp: '5s',
  keep: 'stack',
  onBlocked: 'wait',
} as const;
/** For outages in the load: they begin 10 s into it and end well before it does. */
const long = { ...short, duration: '240s', window: '20s' } as const;
/** For the pair that takes seconds to be missed: time for its engine to be back and to show it. */
const longer = { ...short, duration: '45s', window: '15s' } as const;
/** Says something of the machine: a worker that starts again takes the cores from the engine for a moment. */
const ofTheMachine: readonly Question[] = ['generator-not-saturated'];
/** On a machine that does other things too, nothing is asked whose answer rests on how fast it is. */
const ofItsSpeed: readonly Question[] = ['load-delivered', 'samples-present', 'operations-checked', 'error-rate'];

export interface CellInput {
  readonly wave: 'smoke';
  readonly [name: string]: unknown;
}

export function inputOf(cell: Cell, isBusy: boolean): CellInput {
  const inLoad = cell.kind === 'outage' ? long : cell.victim === 'load+engine' ? longer : short;
  return { ...(cell.step === 'load' ? inLoad : short), without: [...ofTheMachine, ...(isBusy ? ofItsSpeed : [])] };
}

const outageMs = 180_000;
const withinMs = { kill: 150_000, target: 150_000, outage: 420_000 } as const;
const backWithinMs = 60_000;
/** A process that ends when it is told to may do so in this time; what holds its step is let go afterwards. */
const graceMs = 8_000;

export interface CellRun {
  readonly observation: Observation;
  readonly elapsedMs: number;
  /** When the kill came, in words. */
  readonly landed: string;
  readonly killedAt?: number;
  /** Until everything that was killed was there again; absent when nobody has to bring it back. */
  readonly recoveredMs?: number;
  readonly problems: readonly string[];
}

/** An undisturbed run. */
export async function runTwin(system: System, from: CellInput): Promise<CellRun> {
  const startsBefore = readStarts(system.folder);
  const startedAt = Date.now();
  const run = await system.start('SoakWave', from);
  await within(withinMs.outage, system.result(run.workflowId));
  const elapsedMs = Date.now() - startedAt;
  return { observation: await observe(system, run, startsBefore), elapsedMs, landed: '', problems: [] };
}

/** One disturbed run, from a system that is whole to a system that is whole again. Throws when it does not come to its end. */
export async function runCell(system: System, cell: Cell, from: CellInput): Promise<CellRun> {
  const hooks = createHooks(system.folder);
  const ended = new AbortController();
  hooks.clear();
  await makeWhole(system);
  if (isFresh(cell)) rmSync(join(system.folder, 'stack', 'population.json'), { force: true });
  const startsBefore = readStarts(system.folder);
  const startedAt = Date.now();
  const reached = hooks.reach(cell.point, ended.signal);
  reached.catch(() => undefined); // looked at by `disturb`; the run may be over before
  const run = await startRun(system, cell, from);
  const result = system.result(run.workflowId);
  result.catch(() => undefined);
  try {
    const disturbed = disturb({ system, cell, hooks, run, reached: within(withinMs.kill, reached) });
    const { problems, recoveredMs, ...kill } = await within(withinMs[cell.kind], disturbed);
    const told = RunResult.parse(await within(withinMs[cell.kind], result));
    const elapsedMs = Date.now() - startedAt;
    const repaired = await repair(system, cell, { run, told });
    const observation = await observe(system, run, startsBefore);
    return {
      observation,
      elapsedMs,
      ...kill,
      problems: [...problems, ...repaired.problems],
      ...(recoveredMs === undefined ? repaired.recovered : { recoveredMs }),
    };
  } catch (error) {
    await giveUp(system, run.workflowId);
    await within(backWithinMs, result).catch(() => undefined); // a call that is repeated must not outlive its connection
    throw error;
  } finally {
    ended.abort();
    hooks.clear();
    run.follower?.kill('SIGKILL');
  }
}

interface StartedRun {
  readonly workflowId: string;
  readonly runKey: string;
  /** The `soak run` that follows, in cells that kill it. */
  readonly follower?: ChildProcess;
}

async function startRun(system: System, cell: Cell, from: CellInput): Promise<StartedRun> {
  if (cell.victim !== 'cli') return system.start('SoakWave', from);
  const workflowId = `test/SoakWave/${Date.now()}`;
  const flags = Object.entries(from)
    .filter(([name]) => name !== 'wave')
    .flatMap(([name, value]) => [
      `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      String(value),
    ]);
  const args = ['run', 'smoke', ...flags, '--json', '--id', workflowId];
  const follower = spawn('scripts/soak', args, { env: { ...process.env, ...system.env }, stdio: 'ignore' });
  const handle = system.client.workflow.getHandle(workflowId);
  for (;;) {
    const described = await handle.describe().catch(() => undefined);
    if (described !== undefined) return { workflowId, runKey: described.runId, follower };
    await sleep(100);
  }
}

interface Disturbance {
  readonly system: System;
  readonly cell: Cell;
  readonly hooks: Hooks;
  readonly run: StartedRun;
  /** Resolves when the held activity is where the kill belongs. */
  readonly reached: Promise<void>;
}

interface Disturbed {
  readonly problems: string[];
  readonly landed: string;
  readonly killedAt: number;
  readonly recoveredMs?: number;
}

async function disturb({ system, cell, hooks, run, reached }: Disturbance): Promise<Disturbed> {
  const { point } = cell;
  await reached;
  if (!('activity' in point)) await untilLoad(system, run.workflowId, point);
  const phase = (await system.progress(run.workflowId))?.phase;
  if (cell.kind === 'outage') hooks.keepDown(cell.victim);
  const victims = rolesOf(cell.victim).map((role) => ({ role, pid: system.record(role, heldBy(run, role)).pid }));
  const killedAt = Date.now();
  const missed = signalAll(cell, run, victims);
  if (cell.signal === 'SIGTERM' || cell.kind === 'outage') {
    await untilGone(
      victims.map(({ pid }) => pid),
      cell.kind === 'outage' ? outageMs : graceMs,
    );
  }
  if (cell.kind === 'outage') await sleep(Math.max(0, killedAt + outageMs - Date.now()));
  hooks.clear();
  const back = await untilBack(
    system,
    run,
    victims.filter(({ role }) => isBroughtBack(cell, role)),
  );
  const problems = [
    ...missed,
    ...back.problems,
    ...(phase === undefined || phase === cell.step ? [] : [`the kill landed in ${phase}`]),
  ];
  const kept = cell.kind === 'outage' ? outageMs : 0;
  return {
    problems,
    killedAt,
    landed: describePoint(point),
    ...(back.at === undefined ? {} : { recoveredMs: back.at - killedAt - kept }),
  };
}

const heldBy = ({ runKey }: StartedRun, role: string): string | undefined =>
  ['engine-0', 'sampler', 'watchdog'].includes(role) ? runKey : undefined;

async function untilLoad(system: System, workflowId: string, point: { at: string; afterMs: number }): Promise<void> {
  const { loadStartsAt = 0, loadEndsAt = 0 } = await system.until(
    workflowId,
    ({ loadEndsAt: known }) => known !== undefined,
  );
  const at = (point.at === 'load' ? loadStartsAt : loadEndsAt) + point.afterMs;
  await sleep(Math.max(0, at - Date.now()));
}

function signalAll(cell: Cell, run: StartedRun, victims: readonly { role: string; pid: number }[]): string[] {
  if (run.follower !== undefined) run.follower.kill(cell.signal);
  return victims.flatMap(({ role, pid }) => {
    try {
      process.kill(pid, cell.signal);
      return [];
    } catch {
      return [`${role} was gone before the kill`];
    }
  });
}

/** A server is back when it answers, not when its process is there. */
async function areServing(system: System, victims: readonly { role: string }[]): Promise<boolean> {
  const asked = victims.map(async ({ role }) => {
    if (role === 'temporal') await system.client.workflowService.getSystemInfo({});
    if (role === 'evidence') await askEvidence(system);
  });
  const answers = await Promise.allSettled(asked);
  return answers.every(({ status }) => status === 'fulfilled');
}

async function untilGone(pids: readonly number[], forMs: number): Promise<void> {
  const deadline = Date.now() + forMs;
  while (pids.some(isThere) && Date.now() < deadline) await sleep(50);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Nobody brings the supervisor back but `soak up`; held ones are not missed once the load and its read-back are over. */
function isBroughtBack({ step }: Cell, role: string): boolean {
  if (role === 'supervisor') return false;
  if (role === 'engine-0') return step === 'load';
  return !['sampler', 'watchdog'].includes(role) || !['heal', 'collect'].includes(step);
}

async function untilBack(
  system: System,
  run: StartedRun,
  victims: readonly { role: string; pid: number }[],
): Promise<{ at?: number; problems: string[] }> {
  const deadline = Date.now() + backWithinMs;
  const isBack = ({ role, pid }: { role: string; pid: number }): boolean => {
    try {
      const now = system.record(role, heldBy(run, role)).pid;
      return now !== pid && isThere(now);
    } catch {
      return false;
    }
  };
  if (victims.length === 0) return { problems: [] };
  while (!victims.every(isBack) || !(await areServing(system, victims))) {
    if (Date.now() > deadline) {
      const silent = victims.filter((victim) => !isBack(victim)).map(({ role }) => role);
      const missing = silent.length === 0 ? ['what was killed'] : silent;
      return { problems: [`${missing.join(' and ')} did not come back in ${backWithinMs / 1_000} s`] };
    }
    await sleep(25);
  }
  return { at: Date.now(), problems: [] };
}

/** What only a person brings back: the supervisor by `soak up`, the view of the run by `soak attach`. */
async function repair(
  system: System,
  { victim }: Cell,
  { run, told }: { run: StartedRun; told: RunResult },
): Promise<{ problems: string[]; recovered: { recoveredMs?: number } }> {
  const startedAt = Date.now();
  if (victim === 'cli') {
    const { exitCode, stdout } = await system.soak('attach', run.workflowId, '--json');
    const seen = stdout.trim().split('\n').at(-1) ?? '';
    const problems = [
      ...(exitCode === 0 ? [] : [`soak attach ended with ${exitCode ?? 'a signal'}`]),
      ...(seen === JSON.stringify(told) ? [] : ['soak attach shows another verdict than the run has']),
    ];
    return { problems, recovered: { recoveredMs: Date.now() - startedAt } };
  }
  await makeWhole(system);
  return { problems: [], recovered: victim === 'supervisor' ? { recoveredMs: Date.now() - startedAt } : {} };
}

/** Everything is up and answers: what lives is adopted, and only what is missing is started. */
async function makeWhole(system: System): Promise<void> {
  const up = await system.soak('up');
  if (up.exitCode !== 0) throw new Error(`soak up failed: ${up.stdout}\n${up.stderr}`);
}

async function giveUp(system: System, workflowId: string): Promise<void> {
  createHooks(system.folder).clear();
  await makeWhole(system).catch(() => undefined);
  const handle = system.client.workflow.getHandle(workflowId);
  await handle.terminate('its cell did not come to its end').catch(() => undefined);
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error(`not over after ${ms / 1_000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
