import {
  type HonestyFigures,
  type LoadBenchOrder,
  type LoadBenchReport,
  loadSections,
  type LoadSection,
  type LoadTool,
  type LoadToolRow,
  loadTools,
  type OpenFigures,
  type OverheadFigures,
  type UsersFigures,
} from '#cli/load-bench.ts';
import { referenceSpeech } from '#targets/reference/speech.ts';
import { findPinning, type Pinning, readProcess } from './bench-process.ts';
import { type BenchServers, startBenchServers } from './bench-servers.ts';
import {
  benchPopulation,
  type BenchTrials,
  benchSecret,
  createBenchTrials,
  medianOf,
  type Trial,
} from './bench-trials.ts';
import type { Context } from './context.ts';
import { barsOf } from './load-bars.ts';

/** Everything that the parts of one bench share. */
interface Bench {
  readonly order: LoadBenchOrder;
  readonly trials: BenchTrials;
  readonly servers: BenchServers;
  readonly onLine: (line: string) => void;
}

/**
 * This engine and its peers against one nginx, a core for who asks and one for who answers, several rounds in turn, so that what
 * the machine does meanwhile befalls all of them; then what only this engine has.
 */
export async function benchLoad(
  context: Context,
  order: LoadBenchOrder,
  onLine: (line: string) => void,
): Promise<LoadBenchReport> {
  const pinning = await findPinning();
  return withServers(context, pinning, async (servers) => {
    const trials = createBenchTrials(context.environment, { folder: servers.folder, pinning });
    const bench = { order, trials, servers, onLine };
    const wants = (part: LoadTool | LoadSection): boolean => order.only.length === 0 || order.only.includes(part);
    const tools = await compareTools(bench, loadTools.filter(wants));
    const sections = loadSections.filter(wants);
    const found = {
      ...(sections.includes('honesty') ? { honesty: await priceHonesty(bench) } : {}),
      ...(sections.includes('users') ? { users: await holdUsers(bench) } : {}),
      ...(sections.includes('open') ? { openSchedule: await keepTime(bench) } : {}),
      ...(sections.includes('overhead') ? { overhead: await compareLatencies(bench) } : {}),
    };
    const { seconds, rounds, connections } = order;
    const report = { seconds, rounds, connections, pinned: pinning !== undefined, tools, ...found };
    return { ...report, bars: barsOf(report) };
  });
}

/** Servers of the bench's own; nothing of them is left. */
export async function withServers<T>(
  context: Context,
  pinning: Pinning | undefined,
  use: (servers: BenchServers) => Promise<T>,
): Promise<T> {
  const servers = await startBenchServers(context, pinning?.server);
  try {
    return await use(servers);
  } finally {
    await servers.stop();
  }
}

async function compareTools(
  { order, trials, servers, onLine }: Bench,
  tools: readonly LoadTool[],
): Promise<LoadToolRow[]> {
  const present = tools.filter((tool) => trials.missing(tool) === undefined);
  const found = new Map<LoadTool, Trial[]>();
  for (let round = 1; round <= order.rounds; round += 1) {
    for (const tool of present) {
      const trial = await trials.bare(tool, { url: servers.nginxUrl, ...order });
      found.set(tool, [...(found.get(tool) ?? []), trial]);
      onLine(`round ${round} of ${order.rounds}: ${tool}, ${Math.round(trial.requestsPerSecond)} requests/s`);
    }
  }
  const wrk = medianOf(found.get('wrk') ?? []).requestsPerSecond;
  return tools.map((tool): LoadToolRow => {
    const missing = trials.missing(tool);
    if (missing !== undefined) return { tool, missing };
    const figures = medianOf(found.get(tool) ?? []);
    return { tool, ...figures, ...(wrk > 0 ? { ratioToWrk: figures.requestsPerSecond / wrk } : {}) };
  });
}

/** What behaviours, checks and books cost: the same server is asked barely and by the whole engine. */
async function priceHonesty({ order, trials, servers, onLine }: Bench): Promise<HonestyFigures> {
  const { baseUrl, pid } = await servers.startTarget(benchPopulation);
  const busy = async (run: () => Promise<Trial>): Promise<{ trial: Trial; serverBusy: number }> => {
    const [before, startedAt] = [readProcess(pid).cpuSeconds, performance.now()];
    const trial = await run();
    return { trial, serverBusy: (readProcess(pid).cpuSeconds - before) / ((performance.now() - startedAt) / 1_000) };
  };
  try {
    const rounds: Record<'bare' | 'engine', { trial: Trial; serverBusy: number }[]> = { bare: [], engine: [] };
    for (let round = 1; round <= order.rounds; round += 1) {
      rounds.bare.push(await busy(() => trials.bare('soakwave', { ...listingAt(baseUrl), ...order })));
      const engine = { baseUrl, users: order.connections, seconds: order.seconds, thinkTimeMs: [0, 0] } as const;
      rounds.engine.push(await busy(() => trials.engine(engine)));
      const [bare, whole] = [rounds.bare, rounds.engine].map((each) => each.at(-1)?.trial.requestsPerSecond ?? 0);
      onLine(`round ${round} of ${order.rounds}: whole engine, ${Math.round(whole ?? 0)} of ${Math.round(bare ?? 0)} requests/s`); // prettier-ignore
    }
    const share = (each: readonly { serverBusy: number }[]): number =>
      each.reduce((sum, { serverBusy }) => sum + serverBusy, 0) / each.length;
    return {
      bare: medianOf(rounds.bare.map(({ trial }) => trial)),
      engine: medianOf(rounds.engine.map(({ trial }) => trial)),
      serverBusy: { bare: share(rounds.bare), engine: share(rounds.engine) },
    };
  } finally {
    await servers.stopTarget();
  }
}

/** The most frequent operation of a wave, as one user of the population says it. */
function listingAt(baseUrl: string): { url: string; headers: Readonly<Record<string, string>> } {
  const teamId = benchPopulation.users + 1;
  const identity = { userId: 1, privateTeamId: 1, teamIds: [], tokenSubject: 'user-1' };
  const { path, headers } = referenceSpeech(benchPopulation, benchSecret).request(
    { kind: 'list-team-tools', teamId, limit: 50 },
    { ...identity, visibleTools: 0, visibleDigest: '' },
  );
  return { url: baseUrl + path, headers };
}

const manyUsers = 2_000;
const manyUsersSeconds = 20;

async function holdUsers({ trials, servers, onLine }: Bench): Promise<UsersFigures> {
  const { baseUrl } = await servers.startTarget(benchPopulation);
  try {
    const ask = { baseUrl, users: manyUsers, seconds: manyUsersSeconds, thinkTimeMs: [500, 1_500] } as const;
    const { requestsPerSecond, rssBytes, failed, spawnSeconds } = await trials.engine(ask);
    onLine(`${manyUsers} users: there after ${(spawnSeconds ?? Infinity).toFixed(1)} s`);
    return { users: manyUsers, spawnSeconds: spawnSeconds ?? Infinity, rssBytes, requestsPerSecond, failed };
  } finally {
    await servers.stopTarget();
  }
}

const dueEachSecond = 2_000;

/** The open model at a rate that leaves the engine time to spare: how late it begins what is due. */
async function keepTime({ trials, servers, onLine }: Bench): Promise<OpenFigures> {
  const { baseUrl } = await servers.startTarget(benchPopulation);
  try {
    const ask = { baseUrl, users: manyUsers, seconds: manyUsersSeconds, thinkTimeMs: [0, 0] } as const;
    const { late } = await trials.engine({ ...ask, iterationsPerSecond: dueEachSecond });
    if (late === undefined) throw new Error('the engine told nothing of how late it was');
    onLine(`${dueEachSecond} iterations/s: late by ${late.p99Ms} ms at p99`);
    return { iterationsPerSecond: dueEachSecond, lateMsP50: late.p50Ms, lateMsP99: late.p99Ms, dropped: late.dropped };
  } finally {
    await servers.stopTarget();
  }
}

/** Neither of these is near what a generator can do, so that both ask at the same rate. */
const gentle = [
  { connections: 1, pauseMs: 2 },
  { connections: 64, pauseMs: 20 },
] as const;

async function compareLatencies({ order, trials, servers, onLine }: Bench): Promise<OverheadFigures[]> {
  if (trials.missing('wrk') !== undefined) return [];
  const found: OverheadFigures[] = [];
  for (const pace of gentle) {
    const each: Record<'soakwave' | 'wrk', Trial[]> = { soakwave: [], wrk: [] };
    for (let round = 1; round <= order.rounds; round += 1) {
      for (const tool of ['soakwave', 'wrk'] as const)
        each[tool].push(await trials.bare(tool, { url: servers.nginxUrl, seconds: order.seconds, ...pace }));
    }
    const [soakwave, wrk] = [medianOf(each.soakwave), medianOf(each.wrk)];
    onLine(`${pace.connections} connections, ${pace.pauseMs} ms apart: ${soakwave.p50Ms} ms beside ${wrk.p50Ms} ms`);
    found.push({ ...pace, soakwave, wrk });
  }
  return found;
}
