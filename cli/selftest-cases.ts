import { type DefectName, defectNames, type PlantedDefect } from '#model/defect.ts';
import type { Question } from '#model/verdict.ts';

/** What load a case is run under; a defect and its healthy twin have the same. */
export type ShapeName = 'brief' | 'steady' | 'long' | 'disturbed';

interface Shape {
  readonly loadSeconds: number;
  readonly input: Readonly<Record<string, unknown>>;
  /** When a gateway is stopped for a moment, in seconds of the load. */
  readonly pausesAt?: readonly number[];
}

/** No fault is planned, so that what is found is what was planted; two gateways, so that both are compared. */
const common = { wave: 'smoke', faults: 'none', instances: 2, onBlocked: 'abort' };

/** Few users: what a gateway needs to get warm comes slowly then, and what it leaks does not. They think, so that an answer that is late delays nothing but its user. */
const watched = { ...common, users: 15, warmUp: '20s', leakWatch: '1000MB/h,480/h' };

/** Often enough that what leaks a little each time rises as evenly as what leaks all the time. */
const every = (step: number, { from, to }: { readonly from: number; readonly to: number }): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);

export const shapes: Readonly<Record<ShapeName, Shape>> = {
  brief: { loadSeconds: 20, input: { ...common, users: 20, duration: '20s', warmUp: '3s' } },
  steady: { loadSeconds: 180, input: { ...watched, duration: '180s' } },
  // What leaks with each value that a cache replaces comes in lumps, and few lumps rise like a walk.
  long: { loadSeconds: 300, input: { ...watched, duration: '300s' } },
  // What stands still and goes on every few seconds has no steady latency, and what is left out of it leaves too little for handles.
  disturbed: {
    loadSeconds: 210,
    input: { ...watched, duration: '210s', without: ['handle-leak', 'latency-creep'] },
    pausesAt: every(8, { from: 8, to: 200 }),
  },
};

/** One run of the self-test: a defect with the question that has to name it, or a twin that is as it should be. */
export interface SelftestCase {
  readonly name: string;
  readonly shape: ShapeName;
  readonly planted?: PlantedDefect;
  readonly expected?: Expected;
}

interface Expected {
  readonly question: Question;
  /** In the answer's sentence: who has the defect, or what of it is seen. */
  readonly names: RegExp;
}

interface Trial extends Expected {
  readonly shape: ShapeName;
  /** So large that a run of minutes can see it; none reaches its bound within one. */
  readonly amount: number;
}

const memory = { question: 'memory-leak', names: /_bytes of gateway-\d/ } as const;

const trials: Readonly<Record<DefectName, Trial>> = {
  'lost-write': { shape: 'brief', amount: 10, question: 'no-lost-write', names: /lost/ },
  'scope-leak': { shape: 'brief', amount: 20, question: 'no-scope-leak', names: /tool \d+ was listed for team \d+/ },
  'leak-per-request': { shape: 'steady', amount: 10_000, ...memory },
  'leak-by-timer': { shape: 'steady', amount: 850_000, ...memory },
  'cache-never-evicts': { shape: 'long', amount: 500, ...memory },
  'leak-per-fault': { shape: 'disturbed', amount: 6e6, ...memory },
  'connection-leak': { shape: 'steady', amount: 8, question: 'handle-leak', names: /database_connections of postgres/ },
  'descriptor-leak': { shape: 'steady', amount: 120, question: 'handle-leak', names: /open_files of gateway-\d/ },
  'gc-storm': { shape: 'steady', amount: 10, question: 'gc-pauses', names: /gateway-\d/ },
  'latency-creep': { shape: 'steady', amount: 40, question: 'latency-creep', names: /local reads/ },
};

/** The quickest ones, of each kind one. */
export const shortCases: readonly DefectName[] = ['lost-write', 'scope-leak', 'leak-per-request'];

/** What can be asked for by name: each defect, and the twins alone. */
export const selftestNames: readonly string[] = [...defectNames, 'healthy'];

/** The cases of these names, in the order in which they are run, each shape's healthy twin first: accused without a cause, the rest says little. */
export function listCases(names: readonly string[]): SelftestCase[] {
  const asked = (Object.keys(trials) as DefectName[]).filter((name) => names.includes(name));
  const used = asked.length === 0 ? (['brief', 'steady'] as const) : asked.map((name) => trials[name].shape);
  return [...new Set(used)].flatMap((shape) => [
    { name: `healthy, ${shape}`, shape },
    ...asked.filter((name) => trials[name].shape === shape).map((name) => caseOf(name)),
  ]);
}

function caseOf(name: DefectName): SelftestCase {
  const { shape, amount, question, names } = trials[name];
  return { name, shape, planted: { name, amount }, expected: { question, names } };
}

/** The input of its run: the same as its twin's, but for the defect. */
export function inputOf({ shape, planted }: SelftestCase, seed: number | undefined): Record<string, unknown> {
  return {
    ...shapes[shape].input,
    ...(seed === undefined ? {} : { seed }),
    ...(planted === undefined ? {} : { defect: `${planted.name}=${planted.amount}` }),
  };
}

/** Beside the load: planning, gateways, warm-up, read-back, verdict and report. */
const besidesSeconds = { brief: 35, steady: 45, long: 45, disturbed: 50 } as const satisfies Record<ShapeName, number>;
/** Temporal, the stores and the data set, once. */
const firstSeconds = 20;

export const secondsExpected = (cases: readonly SelftestCase[]): number =>
  cases.reduce((sum, { shape }) => sum + shapes[shape].loadSeconds + besidesSeconds[shape], firstSeconds);
