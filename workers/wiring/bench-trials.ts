import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadFigures, LoadTool } from '#cli/load-bench.ts';
import type { PopulationPlan } from '#model/population-plan.ts';
import { DriveLine, type DriveTask } from './bench-drive.ts';
import { type BenchRun, type Pinning, runProgram } from './bench-process.ts';
import { type PeerName, peers } from './bench-tools.ts';
import { engineNodeArgs } from './engines.ts';
import type { Environment } from './environment.ts';

/** One trial: what a generator found, and what it took. */
export type Trial = LoadFigures & Pick<DriveLine, 'causes' | 'spawnSeconds' | 'late'>;

export interface BenchTrials {
  /** How to install a tool that is not there. */
  missing(tool: LoadTool): string | undefined;
  /** Of one tool, each request as soon as the one before was answered, or after a pause. */
  bare(tool: LoadTool, ask: BareAsk): Promise<Trial>;
  /** Of the whole engine; `onMinute` is told once a minute. */
  engine(ask: EngineAsk, onMinute?: (line: DriveLine) => void): Promise<Trial>;
}

export interface BareAsk {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly pauseMs?: number;
  /** Ours and undici only. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface EngineAsk {
  readonly baseUrl: string;
  readonly users: number;
  readonly seconds: number;
  readonly thinkTimeMs: readonly [number, number];
  readonly iterationsPerSecond?: number;
}

/** As many users as one worker is to hold, each another one; a small wave's shape. */
export const benchPopulation: PopulationPlan = {
  ...{ seed: 20_260_101, profile: 'distribution', users: 2_000, teams: 10_000, teamMembersMax: 200 },
  ...{ tools: 500, servers: 100, gateways: 20, metricsRetentionDays: 90, metricsPerToolDay: 24, asOf: '2026-01-01' },
};
export const benchSecret = 'only a bench knows it, and it guards nothing';

/** As fast as the engine can. */
const spawnRatePerSecond = 10_000;
const startMs = 60_000;

export function createBenchTrials(
  environment: Environment,
  { folder, pinning }: { readonly folder: string; readonly pinning: Pinning | undefined },
): BenchTrials {
  const core = pinning?.generator;

  function runOurs(task: DriveTask, onLine?: (line: string) => void): Promise<BenchRun> {
    const { node: command, home: cwd } = environment;
    const env = { SOAK_BENCH_LOAD: JSON.stringify(task) };
    const program = {
      command,
      args: [...engineNodeArgs, 'workers/bench-load.ts'],
      cwd,
      env,
      timeoutMs: timeoutOf(task.seconds),
    };
    return runProgram(onLine === undefined ? program : { ...program, onLine }, core);
  }

  async function bareOurs(client: 'soakwave' | 'undici', ask: BareAsk): Promise<Trial> {
    const { origin, pathname, search } = new URL(ask.url);
    const { connections, seconds, pauseMs = 0, headers = {} } = ask;
    const task = {
      kind: 'bare',
      client,
      origin,
      path: pathname + search,
      headers,
      connections,
      seconds,
      pauseMs,
    } as const;
    return trialOf(await runOurs(task));
  }

  async function barePeer(name: PeerName, ask: BareAsk): Promise<Trial> {
    const peer = peers[name];
    const path = peer.find(environment);
    if (path === undefined) throw new Error(`${name} is not installed: ${peer.advice}`);
    const own = mkdtempSync(join(folder, `${name}-`));
    const program = { ...peer.program(path, { ...ask, folder: own }), cwd: own, timeoutMs: timeoutOf(ask.seconds) };
    const { stdout, rssBytes, cpuSeconds } = await runProgram(program, core);
    rmSync(own, { recursive: true, force: true });
    const { requests, failed, requestsPerSecond, p50Ms, p99Ms } = peer.read(stdout);
    const cpuUsPerRequest = (cpuSeconds * 1e6) / Math.max(1, requests);
    return { requestsPerSecond, p50Ms, p99Ms, rssBytes, cpuUsPerRequest, failed, causes: {} };
  }

  return {
    missing: (tool) => (isOurs(tool) || peers[tool].find(environment) !== undefined ? undefined : peers[tool].advice),
    bare: (tool, ask) => (isOurs(tool) ? bareOurs(tool, ask) : barePeer(tool, ask)),
    async engine({ thinkTimeMs: [least, most], ...ask }, onMinute) {
      const own = mkdtempSync(join(folder, 'engine-'));
      const task: DriveTask = {
        ...{ kind: 'engine', ...ask, folder: own, population: benchPopulation, secret: benchSecret },
        ...{ thinkTimeMs: [least, most], spawnRatePerSecond },
      };
      const onLine = (text: string): void => {
        const line = DriveLine.parse(JSON.parse(text));
        if (!line.isLast) onMinute?.(line);
      };
      const run = await runOurs(task, onLine);
      rmSync(own, { recursive: true, force: true });
      return trialOf(run);
    },
  };
}

const isOurs = (tool: LoadTool): tool is 'soakwave' | 'undici' => tool === 'soakwave' || tool === 'undici';

const timeoutOf = (seconds: number): number => seconds * 1_000 + startMs;

function trialOf({ stdout, rssBytes }: BenchRun): Trial {
  const line = DriveLine.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  const { requests, seconds, p50Ms, p99Ms, failed, cpuUsPerRequest, causes, spawnSeconds, late } = line;
  const figures = { requestsPerSecond: requests / seconds, p50Ms, p99Ms, failed, cpuUsPerRequest, causes };
  const spawn = { ...(spawnSeconds !== undefined && { spawnSeconds }), ...(late !== undefined && { late }) };
  return { ...figures, ...spawn, rssBytes: Math.max(rssBytes, line.rssBytes) };
}

/** The middle of each figure, the highest of memory, the sum of failures. */
export function medianOf(trials: readonly LoadFigures[]): LoadFigures {
  const middle = (of: (trial: LoadFigures) => number): number => {
    const sorted = trials.map(of).sort((one, other) => one - other);
    const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
    return ((low ?? 0) + (high ?? 0)) / 2;
  };
  return {
    requestsPerSecond: middle((trial) => trial.requestsPerSecond),
    p50Ms: middle((trial) => trial.p50Ms),
    p99Ms: middle((trial) => trial.p99Ms),
    cpuUsPerRequest: middle((trial) => trial.cpuUsPerRequest),
    rssBytes: Math.max(...trials.map((trial) => trial.rssBytes)),
    failed: trials.reduce((sum, trial) => sum + trial.failed, 0),
  };
}
