import { type CommandLine, runCommandLine } from '#cli/command-line.ts';
import type { ArchiveReport, EvidenceSize } from '#cli/evidence-report.ts';
import type { BenchDesk, RunListing, ScheduleListing, Service } from '#cli/service.ts';
import type { Progress, RunResult } from '#model/progress.ts';

const machine = { cores: 2, memoryBytes: 24e9, diskFreeBytes: 75e9 };
const handle = { workflowId: 'soak/smoke/1', runKey: 'key-1' };
export const passed: RunResult = {
  runId: 'key-1',
  outcome: 'pass',
  reasons: ['every promise held'],
  report: '/runs/key-1/report.html',
  result: '/runs/key-1/result.json',
};
export const progress: Progress = {
  runKey: 'key-1',
  workflowId: 'soak/smoke/1',
  wave: 'smoke',
  target: 'reference',
  phase: 'load',
  steps: [
    { phase: 'seed', startedAt: 0, endedAt: 4_200, outcome: 'done', note: '87,221 rows' },
    { phase: 'load', startedAt: 4_200, outcome: 'running' },
  ],
  faults: [],
};

export const running: RunListing = {
  runId: 'key-1',
  workflowId: 'soak/smoke/1',
  workflow: 'SoakWave',
  wave: 'smoke',
  state: 'running',
  startedAt: '2026-11-23T18:00:00Z',
};
export const nightly: ScheduleListing = {
  name: 'nightly',
  workflow: 'SoakWave',
  input: { wave: 'small', onBlocked: 'abort' },
  when: '0 2 * * *',
  timeZone: 'UTC',
  paused: false,
  next: ['2026-11-24T02:00:00.000Z', '2026-11-25T02:00:00.000Z'],
  started: 0,
  skipped: 0,
  missed: 0,
};

export const exported: ArchiveReport = {
  ...{ run: 'key-1', workflowId: 'soak/smoke/1', file: '/tmp/night.soak', came: 'exported', bytes: 1_048_576 },
  ...{
    batches: 40,
    records: 5_000,
    version: '0.1.0',
    exportedAt: '2026-11-23T19:00:00Z',
    outcome: 'pass',
    seconds: 1.5,
  },
};
const size: EvidenceSize = {
  ...{ run: 'key-1', workflowId: 'soak/smoke/1', batches: 40, records: 5_000, kinds: { sample: 4_000, ledger: 1_000 } },
  ...{ bytes: 1_048_576, spanMs: 120_000, bytesIn48Hours: 1_509_949_440, bytesIn48HoursMax: 2e9 },
};
const kept = { name: 'before', bytes: 2_097_152, users: 10, teams: 50, seed: 7, profile: 'distribution' };

type Note = <T>(name: string, answer: T) => (...given: unknown[]) => T;

/** What has to do with data sets. */
function dataSets(note: Note): Pick<Service, 'seed' | 'snapshots' | keyof BenchDesk> {
  return {
    seed: note(
      'seed',
      Promise.resolve({
        ...{
          wave: 'small',
          seed: 7,
          profile: 'distribution',
          scale: 1,
          seconds: 3.2,
          wasComplete: false,
          differences: [],
        },
        entities: [{ entity: 'users' as const, rows: 10_000, checksum: '00ff', seconds: 0.2, bytes: 1_048_576 }],
      }),
    ),
    snapshots: {
      list: note('snapshots', Promise.resolve([])),
      save: note('save', Promise.resolve(kept)),
      restore: note('restore', Promise.resolve(kept)),
      remove: note('removeSnapshot', Promise.resolve()),
    },
    benchSeed: note(
      'benchSeed',
      Promise.resolve({ wave: 'enterprise', workers: 2, rounds: 3, entities: [], foreign: [], scaling: [], peers: [] }),
    ),
    benchLoad: note(
      'benchLoad',
      Promise.resolve({ seconds: 4, rounds: 5, connections: 64, pinned: true, tools: [], bars: [] }),
    ),
    benchEndurance: note('benchEndurance', Promise.resolve({ minutes: [], requests: 0, failed: 0, bars: [] })),
    benchSampling: note(
      'benchSampling',
      Promise.resolve({
        ...{
          processes: 20,
          pages: 4,
          seconds: 4,
          connections: 256,
          generator: 'wrk',
          pinned: true,
          samplerRssBytes: 1e8,
          sampledCoreShare: 0.002,
          gaps: 0,
        },
        ...{ quiet: { seconds: 60, coreShare: 0.01 }, underLoad: { seconds: 40, coreShare: 0.01 } },
        ...{ samplesExpected: 1_200, samplesPresent: 1_200, valuesPerSample: 50, pairs: [] },
        ...{ loss: { share: 0, low: 0, high: 0 }, bytesPerProcessDay: 1e6, bytesProjected: 4e7, bars: [] },
      }),
    ),
    benchAnalysis: note(
      'benchAnalysis',
      Promise.resolve({
        ...{ hours: 48, processes: 20, requestsPerSecond: 1_000, seed: 1, records: 1, storedBytes: 1, seconds: 1 },
        ...{ foldSeconds: 1, series: 1, judgeSecondsPerSeries: 0.1, residentBytesMax: 1, memoryLeak: 'pass' },
      }),
    ),
    benchVerdict: note('benchVerdict', Promise.resolve({ seed: 1, seconds: 1, families: [], runs: [] })),
  };
}

/** A service that notes what it was asked; every answer can be replaced. */
function fakeService(replaced: Partial<Service> = {}): { service: Service; asked: unknown[][] } {
  const asked: unknown[][] = [];
  const note: Note =
    (name, answer) =>
    (...given) => {
      asked.push([name, ...given]);
      return answer;
    };
  const service: Service = {
    up: note('up', Promise.resolve()),
    down: note('down', Promise.resolve({ stopped: ['temporal'] })),
    status: note(
      'status',
      Promise.resolve({
        temporal: { address: '127.0.0.1:7233', namespace: 'default', reachable: true },
        processes: [],
        runs: [],
      }),
    ),
    doctor: note(
      'doctor',
      Promise.resolve({
        checks: [{ name: 'nginx', ok: false, problem: 'not found', advice: 'apt-get install nginx' }],
      }),
    ),
    inspectDriver: note('inspectDriver', Promise.resolve({})),
    judgeFiles: note('judgeFiles', Promise.resolve([])),
    kindsOf: (names) => Promise.resolve(names.map(() => 'series' as const)),
    judgeRuns: note('judgeRuns', Promise.resolve([])),
    evidence: {
      exportRun: note('exportRun', Promise.resolve(exported)),
      importRun: note('importRun', Promise.resolve({ ...exported, came: 'imported' as const })),
      show: note('showArchive', Promise.resolve({ ...exported, came: 'whole' as const })),
      size: note('evidenceSize', Promise.resolve(size)),
    },
    machine: note('machine', Promise.resolve(machine)),
    startRun: note('startRun', Promise.resolve(handle)),
    progress: note('progress', Promise.resolve(progress)),
    result: note('result', Promise.resolve(passed)),
    resolve: note('resolve', Promise.resolve(handle)),
    list: note('list', Promise.resolve([])),
    reportPath: note('reportPath', Promise.resolve('/runs/key-1/report.html')),
    endedRun: note('endedRun', Promise.resolve(undefined)),
    tell: note('tell', Promise.resolve({ kind: 'accepted', run: running, answer: 'done' })),
    schedules: {
      create: note('create', Promise.resolve(nightly)),
      list: note('schedules', Promise.resolve([nightly])),
      pause: note('pause', Promise.resolve()),
      resume: note('resume', Promise.resolve(nightly)),
      remove: note('remove', Promise.resolve([])),
      trigger: note(
        'trigger',
        Promise.resolve({ kind: 'started', workflowId: 'soak/scheduled/nightly-1', runKey: 'k' }),
      ),
    },
    ...dataSets(note),
    where: () => ({ address: '127.0.0.1:7233', namespace: 'default' }),
    close: note('close', Promise.resolve()),
    ...replaced,
  };
  return { service, asked };
}

/** One command line against a service that notes what it was asked. */
export async function soak(
  words: string[],
  given: { service?: Partial<Service>; isInteractive?: boolean; interrupted?: AbortSignal; isCi?: boolean } = {},
) {
  const { service, asked } = fakeService(given.service);
  const out: string[] = [];
  const err: string[] = [];
  const written: string[] = [];
  let created = 0;
  const context: CommandLine = {
    version: '0.1.0',
    createService: () => {
      created += 1;
      return service;
    },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    terminal: {
      isInteractive: given.isInteractive ?? false,
      columns: 80,
      colour: false,
      write: (text) => written.push(text),
    },
    isCi: given.isCi ?? false,
    interrupted: given.interrupted ?? new AbortController().signal,
    now: () => 10_000,
    sleep: () => new Promise((resolve) => setTimeout(resolve, 5)),
  };
  const code = await runCommandLine(words, context);
  return { code, out: out.join('\n'), err: err.join('\n'), written: written.join(''), asked, created };
}
