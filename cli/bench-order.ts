import type { AnalysisBenchOrder } from './analysis-bench.ts';
import { DurationText } from '#model/duration.ts';
import { WaveName } from '#model/wave.ts';
import { type EnduranceOrder, type LoadBenchOrder, loadSections, loadTools } from './load-bench.ts';
import type { SamplingBenchOrder } from './sampling-bench.ts';
import type { SeedBenchOrder } from './service.ts';
import type { VerdictBenchOrder } from './verdict-bench.ts';
import type { Call, Flag } from './verb.ts';

export const benchSubjects = ['seed', 'load', 'verdict', 'sampling', 'analysis'] as const;
type Subject = (typeof benchSubjects)[number];

export type BenchOrder =
  | { readonly what: 'seed'; readonly seed: SeedBenchOrder }
  | { readonly what: 'load'; readonly load: LoadBenchOrder }
  | { readonly what: 'endurance'; readonly endurance: EnduranceOrder }
  | { readonly what: 'verdict'; readonly verdict: VerdictBenchOrder }
  | { readonly what: 'sampling'; readonly sampling: SamplingBenchOrder }
  | { readonly what: 'analysis'; readonly analysis: AnalysisBenchOrder };

const parts = [...loadTools, ...loadSections];
const minuteMs = 60_000;
const minutesMax = 24 * 60;

const ranges = {
  rows: [10_000, 20_000_000],
  workers: [1, 64],
  rounds: [1, 21],
  seconds: [1, 600],
  connections: [1, 10_000],
  series: [0, 100_000],
  runs: [0, 100_000],
  leaks: [0, 100_000],
  seed: [0, 2 ** 31 - 1],
  processes: [1, 64],
  pages: [1, 64],
  pairs: [2, 1_000],
} as const;

/** Whose flag each is; those of nobody are everybody's. */
const subjectsOf: Readonly<Record<string, readonly Subject[]>> = {
  ...{ wave: ['seed'], rows: ['seed'], workers: ['seed'] },
  ...{ seconds: ['load', 'sampling'], connections: ['load', 'sampling'], only: ['load'], endurance: ['load'] },
  ...{
    hours: ['verdict', 'analysis'],
    series: ['verdict'],
    runs: ['verdict'],
    leaks: ['verdict'],
    seed: ['verdict', 'analysis'],
    keep: ['verdict'],
  },
  ...{ processes: ['sampling', 'analysis'], pairs: ['sampling'], pages: ['sampling'], rounds: ['seed', 'load'] },
};

export const flagsOf: readonly Flag[] = [
  { name: 'wave', value: 'WAVE', kind: 'text', means: 'of seed: whose rows are taken (default enterprise)' },
  { name: 'rows', value: 'N', kind: 'number', means: 'of seed: rows of each entity (default 4000000)' },
  { name: 'workers', value: 'N', kind: 'number', means: 'of seed: connections (default: cores)' },
  {
    name: 'rounds',
    value: 'N',
    kind: 'number',
    means: 'trials of each, of which the median counts (default 3; load: 5)',
  },
  { name: 'seconds', value: 'N', kind: 'number', means: 'of load and sampling: length of a trial (default 4)' },
  {
    ...{ name: 'connections', value: 'N', kind: 'number' },
    means: 'of load: connections of every tool (default 64); of sampling: of who asks (default 256)',
  },
  { name: 'only', value: 'PART,…', kind: 'list', means: `of load: some of ${parts.join(', ')}` },
  {
    name: 'endurance',
    value: 'LENGTH',
    kind: 'text',
    means: 'of load: the whole engine at full speed for so long, instead',
  },
  {
    name: 'hours',
    value: 'N,…',
    kind: 'list',
    means: 'of verdict: lengths of the series (default 1,4,24,48); of analysis: one (default 48)',
  },
  { name: 'series', value: 'N', kind: 'number', means: 'of verdict: series of each kind and length (default 20)' },
  { name: 'runs', value: 'N', kind: 'number', means: 'of verdict: healthy whole runs of each length (default 2)' },
  { name: 'leaks', value: 'N', kind: 'number', means: 'of verdict: whole runs with one leak in them (default 1)' },
  { name: 'seed', value: 'N', kind: 'number', means: 'of verdict and analysis: decides every series (default 1)' },
  {
    name: 'keep',
    value: 'FILE',
    kind: 'text',
    means: 'of verdict: adds each trial to it; what is in it is not done again',
  },
  {
    name: 'processes',
    value: 'N',
    kind: 'number',
    means: 'of sampling and analysis: how many are sampled (default 20)',
  },
  {
    name: 'pages',
    value: 'N',
    kind: 'number',
    means: 'of sampling: how many of them have a metrics page, as gateways have (default 4)',
  },
  { name: 'pairs', value: 'N', kind: 'number', means: 'of sampling: pairs of trials, with and without (default 10)' },
];

/** What a command line asks to be measured, and everything that is wrong with it. */
export function readBenchOrder({ operands, flags }: Call): { order: BenchOrder; problems: string[] } {
  const problems: string[] = [];
  const what = benchSubjects.find((subject) => subject === operands[0]);
  if (what === undefined) problems.push('WHAT: there is a bench for seed, load, verdict, sampling or analysis');
  for (const name of Object.keys(flags)) {
    const subjects = subjectsOf[name];
    if (what !== undefined && subjects?.includes(what) === false)
      problems.push(`--${name}: soak bench ${what} has no such flag; it is of soak bench ${subjects.join(' and ')}`);
  }
  const whole = (name: keyof typeof ranges): number | undefined => {
    const value = flags[name];
    const [min, max] = ranges[name];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    problems.push(`--${name}: given ${String(value)}; it must be a whole number from ${min} to ${max}`);
    return undefined;
  };
  return { order: readOrder(what, { flags, problems, whole }), problems };
}

interface Reading {
  readonly flags: Call['flags'];
  readonly problems: string[];
  readonly whole: (name: keyof typeof ranges) => number | undefined;
}

function readOrder(what: Subject | undefined, { flags, problems, whole }: Reading): BenchOrder {
  if (what === 'verdict') return { what, verdict: readVerdict({ flags, problems, whole }) };
  if (what === 'sampling') return { what, sampling: readSampling({ flags, problems, whole }) };
  if (what === 'analysis') return { what, analysis: readAnalysis({ flags, problems, whole }) };
  const rounds = whole('rounds');
  if (what !== 'load') {
    const wave = WaveName.safeParse(flags['wave'] ?? 'enterprise');
    if (!wave.success) problems.push(`--wave: allowed are ${WaveName.options.join(', ')}`);
    const workers = whole('workers');
    const seed = { wave: wave.data ?? 'enterprise', rows: whole('rows') ?? 4_000_000, rounds: rounds ?? 3 };
    return { what: 'seed', seed: { ...seed, ...(workers === undefined ? {} : { workers }) } };
  }
  const connections = whole('connections') ?? 64;
  const seconds = whole('seconds') ?? 4;
  const only = readOnly(flags['only'], problems);
  if (flags['endurance'] === undefined)
    return { what: 'load', load: { seconds, rounds: rounds ?? 5, connections, only } };
  return { what: 'endurance', endurance: { connections, minutes: readMinutes(flags['endurance'], problems) } };
}

/** As a run's stack has on more than two cores. */
const pagesDefault = 4;

function readSampling({ whole, problems }: Reading): SamplingBenchOrder {
  const processes = whole('processes') ?? 20;
  const pages = whole('pages') ?? Math.min(pagesDefault, processes);
  if (pages > processes) problems.push(`--pages: ${pages} of ${processes} processes cannot have a page`);
  return {
    ...{ processes, pages, pairs: whole('pairs') ?? 10 },
    ...{ seconds: whole('seconds') ?? 4, connections: whole('connections') ?? 256 },
  };
}

function readAnalysis({ flags, problems, whole }: Reading): AnalysisBenchOrder {
  const [hours = 48, ...more] = [flags['hours'] ?? []].flat().map(Number);
  if (more.length > 0 || !(Number.isInteger(hours) && hours >= 1 && hours <= analysedHoursMax))
    problems.push(
      `--hours: given ${String(flags['hours'])}; it must be one whole number from 1 to ${analysedHoursMax}`,
    );
  return { hours, processes: whole('processes') ?? 20, requestsPerSecond: 1_000, seed: whole('seed') ?? 1 };
}

const analysedHoursMax = 24 * 30;
const hoursMax = 24 * 365;

function readVerdict({ flags, problems, whole }: Reading): VerdictBenchOrder {
  const hours = [flags['hours'] ?? ['1', '4', '24', '48']].flat().map(Number);
  if (hours.length === 0 || hours.some((each) => !(each >= 0.1 && each <= hoursMax)))
    problems.push(`--hours: given ${String(flags['hours'])}; lengths are numbers from 0.1 to ${hoursMax}`);
  const keep = flags['keep'];
  return {
    ...{ hours, series: whole('series') ?? 20, seed: whole('seed') ?? 1 },
    ...{ runs: whole('runs') ?? 2, leaks: whole('leaks') ?? 1 },
    ...(typeof keep === 'string' ? { keep } : {}),
  };
}

function readOnly(given: unknown, problems: string[]): LoadBenchOrder['only'] {
  if (given === undefined) return [];
  const named = Array.isArray(given) ? given.map(String) : [];
  const unknown = named.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0 || named.length === 0)
    problems.push(`--only: given ${unknown.join(', ')}; allowed are ${parts.join(', ')}`);
  return parts.filter((part) => named.includes(part));
}

function readMinutes(given: unknown, problems: string[]): number {
  const parsed = DurationText.safeParse(given);
  const minutes = (parsed.data ?? 0) / minuteMs;
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= minutesMax) return minutes;
  problems.push(`--endurance: given ${String(given)}; it must be whole minutes from 1m to ${minutesMax / 60}h`);
  return 1;
}
