import type { Plan } from '#model/plan.ts';
import { metrics } from '#model/metrics.ts';
import { leakHoursMin } from '#model/leak-limits.ts';
import { falseAlarmsOfLook } from '#model/leak-looks.ts';
import { hash32 } from '#model/random.ts';
import type { Outcome } from '#model/verdict.ts';
import { judgeLeaks, type NamedSeries } from '../leak/judge-run.ts';
import { createLowFold } from '../low-fold.ts';
import { families, type Family, generate, type Life } from './families.ts';
import { limits, samplesOf } from './trial.ts';

export const processesOfRun = 20;
export const seriesOfProcess = 8;

/** A whole run: how many of its series were called leaks by its verdict, and by which of its checkpoints before. */
export interface RunTrial {
  /** `leak`: one series of one process leaks. Absent in trials that were kept by earlier versions: healthy. */
  readonly truth?: 'healthy' | 'leak';
  readonly hours: number;
  readonly number: number;
  /** Series that were called leaks and are none. */
  readonly alarms: number;
  readonly passed: number;
  /** Hour of the checkpoint that called anything a leak, and so ended the load; absent: none did. */
  readonly endedAfterHours?: number;
  /** The leak was called one, by whoever judged last. */
  readonly isFound?: boolean;
}

const leaking = families.filter(({ name }) => name === 'leak of 0.5 MB/h');
const healthy = families.filter(({ truth }) => truth === 'healthy');

interface Drawn {
  readonly series: string;
  readonly process: string;
  readonly leaks: boolean;
  readonly lives: readonly Life[];
}

/** The series are those of (seed, length, number) and no other; of a leaking run the first one leaks. */
export function tryRun(at: {
  readonly hours: number;
  readonly number: number;
  readonly seed: number;
  readonly truth?: 'healthy' | 'leak';
}): RunTrial {
  const { hours, number, truth = 'healthy' } = at;
  const drawn = Array.from({ length: processesOfRun * seriesOfProcess }, (_, index) => drawSeries(at, index));
  // Hourly, once a day is over.
  const looks = Array.from({ length: Math.max(0, hours - leakHoursMin) }, (_, index) => leakHoursMin + index);
  const plan: Pick<Plan, 'leakLooks'> = looks.length === 0 ? {} : { leakLooks: looks.length };
  const endedAfterHours = looks.find((hour) => judgedAt(drawn, hour, falseAlarmsOfLook(plan, hour)).some(isCalled));
  const last = judgedAt(drawn, endedAfterHours ?? hours, falseAlarmsOfLook(plan));
  const called = last.filter(isCalled);
  return {
    ...{ truth, hours, number },
    alarms: called.filter(({ leaks }) => !leaks).length,
    passed: last.filter(({ outcome }) => outcome === 'pass').length,
    ...(endedAfterHours !== undefined && { endedAfterHours }),
    ...(truth === 'leak' && { isFound: called.some(({ leaks }) => leaks) }),
  };
}

const isCalled = ({ outcome }: { readonly outcome: Outcome }): boolean => outcome === 'fail';

function drawSeries(at: Parameters<typeof tryRun>[0], index: number): Drawn {
  const { hours, number, seed, truth } = at;
  const own = hash32(seed, hours, number, index);
  const leaks = truth === 'leak' && index === 0;
  const family = familyOf(leaks ? leaking : healthy, own);
  const process = `process-${Math.floor(index / seriesOfProcess) + 1}`;
  const lives = generate(family, { hours, samples: samplesOf(hours), seed: own });
  return { series: `series ${index % seriesOfProcess}`, process, leaks, lives };
}

function familyOf(all: readonly Family[], draw: number): Family {
  const family = all[draw % all.length];
  if (family === undefined) throw new Error('there are no families');
  return family;
}

const hourMs = 3_600_000;

/** As a run judges: of each stretch the lowest sample, then all series together. One outcome a series, whatever its lives. */
function judgedAt(drawn: readonly Drawn[], hours: number, falseAlarms: number): { outcome: Outcome; leaks: boolean }[] {
  const named = drawn.map((series) => livesUntil(series, hours));
  const judged = judgeLeaks(named.flat(), falseAlarms);
  let first = 0;
  return named.map((lives, index) => {
    const outcome = judged[first]?.outcome ?? 'inconclusive';
    first += lives.length;
    return { outcome, leaks: drawn[index]?.leaks === true };
  });
}

function livesUntil({ series, process, lives }: Drawn, hours: number): NamedSeries[] {
  const load = { from: 0, to: hours * hourMs };
  return lives.flatMap(({ moments, cut }, index) => {
    const fold = createLowFold({ load, intervalMs: 1_000, isAsked: () => true });
    const sample = { kind: 'sample' as const, role: 'gateway-1', incarnation: index + 1 };
    for (const { at, value } of moments) fold.add({ ...sample, at, values: { [metrics.rssAnonBytes]: value } });
    return fold.summary().map(({ points }) => ({
      ...{ series, incarnation: `${process}#${index + 1}`, limits, cut: cut.filter(({ from }) => from < load.to) },
      moments: points.map(([at, value]) => ({ at, value })),
    }));
  });
}
