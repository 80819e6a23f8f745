import type { Window } from '../windows.ts';
import type { LeakSeries } from '../leak/analysis.ts';
import { brown, course, createDraw, type Part, pink, red, sawTooth, sum, white } from './noise.ts';

/** Series of one kind, whose truth is known. Values are megabytes. */
export interface Family {
  readonly name: string;
  /** `leak`: it goes on rising by more than 0.1 MB an hour to the end of the run. */
  readonly truth: 'healthy' | 'leak';
  readonly part: Part;
  /** Bytes an hour, where it is the same throughout, behind a warm-up of minutes. */
  readonly slopePerHour?: number;
  /** Stretches that are left out, in hours. */
  readonly cut?: (length: number) => (readonly [from: number, to: number])[];
  /** Stretches without a sample, in hours. */
  readonly gaps?: (length: number) => (readonly [from: number, to: number])[];
  /** When the process begins anew, in hours. */
  readonly restarts?: (length: number) => number[];
}

const level = course(() => 180);
const warmUp = course((hour) => 30 * (1 - Math.exp(-hour / 0.15)));
const collected = sum(level, warmUp, sawTooth(40, 1 / 12), white(0.5));
const rising = (perHour: number): Part => course((hour) => perHour * hour);
const settling = (hours: number): Part => course((hour) => 40 * (1 - Math.exp(-hour / hours)));
const calm = sum(level, sawTooth(20, 1 / 20));
/** Within what settles; what goes on for longer is a leak as long as it does. */
const stopsAfterHours = 6;
const faultsOf = 19;
const faults = (length: number): (readonly [number, number])[] =>
  Array.from({ length: faultsOf }, (_, index) => {
    const at = ((index + 1) * length) / (faultsOf + 1);
    return [at - 0.01, at + 0.02] as const;
  });

export const families: readonly Family[] = [
  { name: 'flat', truth: 'healthy', slopePerHour: 0, part: sum(level, white(1)) },
  { name: 'noise with a memory of minutes', truth: 'healthy', slopePerHour: 0, part: sum(level, red(2, 0.1)) },
  { name: 'noise with a memory of an hour', truth: 'healthy', slopePerHour: 0, part: sum(level, red(2, 1)) },
  { name: 'pink noise', truth: 'healthy', slopePerHour: 0, part: sum(level, pink(2)) },
  { name: 'a walk without direction', truth: 'healthy', part: sum(level, brown(0.3), white(0.5)) },
  { name: 'saw-tooth of 5 min', truth: 'healthy', slopePerHour: 0, part: collected },
  { name: 'saw-tooth of 45 min', truth: 'healthy', slopePerHour: 0, part: sum(level, sawTooth(40, 0.75), white(0.5)) },
  { name: 'plateau after 1.5 h', truth: 'healthy', part: sum(calm, settling(1.5)) },
  { name: 'plateau after 5 h', truth: 'healthy', part: sum(calm, settling(5)) },
  {
    name: 'fragmentation',
    truth: 'healthy',
    part: sum(
      calm,
      course((hour) => 8 * Math.log1p(hour / 0.2)),
    ),
  },
  {
    name: 'a step after a fault',
    truth: 'healthy',
    part: sum(
      calm,
      course((hour, length) => (hour > 0.45 * length ? 15 : 0)),
    ),
    cut: (length) => [[0.45 * length - 0.01, 0.45 * length + 0.02]],
  },
  {
    name: 'a leak that stops',
    truth: 'healthy',
    part: sum(
      calm,
      course((hour, length) => Math.min(hour, stopsAfterHours, length / 2)),
    ),
  },
  {
    name: 'a batch every 6 h',
    truth: 'healthy',
    part: sum(
      calm,
      course((hour) => ((hour + 2) % 6 < 0.7 ? 25 : 0)),
    ),
  },
  {
    name: 'restarts',
    truth: 'healthy',
    slopePerHour: 0,
    part: collected,
    restarts: (length) => [length / 3, length / 2],
  },
  {
    name: 'gaps in the samples',
    truth: 'healthy',
    slopePerHour: 0,
    part: collected,
    gaps: (length) => [0.1, 0.35, 0.6, 0.85].map((share) => [share * length, (share + 0.06) * length] as const),
  },
  { name: 'leak of 0.5 MB/h', truth: 'leak', slopePerHour: 0.5e6, part: sum(collected, rising(0.5)) },
  {
    name: 'leak of 0.5 MB/h, saw-tooth of 45 min',
    truth: 'leak',
    slopePerHour: 0.5e6,
    part: sum(level, warmUp, sawTooth(40, 0.75), white(0.5), rising(0.5)),
  },
  { name: 'leak of 2 MB/h, pink noise', truth: 'leak', slopePerHour: 2e6, part: sum(level, pink(2), rising(2)) },
  { name: 'leak of 0.5 MB/h behind a plateau', truth: 'leak', part: sum(calm, settling(3), rising(0.5)) },
  {
    name: 'a little more after every fault',
    truth: 'leak',
    part: sum(
      calm,
      course((hour, length) => (0.5 * length * Math.floor((hour / length) * (faultsOf + 1))) / (faultsOf + 1)),
    ),
    cut: faults,
  },
  {
    name: 'late leak',
    truth: 'leak',
    part: sum(
      calm,
      course((hour, length) => Math.max(0, hour - 0.6 * length)),
    ),
  },
  { name: 'leak under load only', truth: 'leak', part: sum(calm, course(underLoad)) },
];

/** Every other hour there is load, and a megabyte is lost in it. */
function underLoad(hour: number): number {
  const pairs = Math.floor(hour / 2);
  return pairs + Math.min(1, hour - 2 * pairs);
}

const hourMs = 3_600_000;

/** One life of a process: its moments are in milliseconds from the start of the run. */
export type Life = Pick<LeakSeries, 'moments' | 'cut'>;

/** One series of a family, life by life: `samples` of it, evenly over so many hours. */
export function generate(
  { part, cut, gaps, restarts }: Family,
  { hours: length, samples, seed }: { readonly hours: number; readonly samples: number; readonly seed: number },
): Life[] {
  const begins = [0, ...(restarts?.(length) ?? [])];
  const missing = windowsOf(gaps?.(length));
  const left = windowsOf(cut?.(length));
  const draw = createDraw(seed);
  return begins.map((begin, index) => {
    const share = ((begins[index + 1] ?? length) - begin) / length;
    const count = Math.round(samples * share);
    const hours = Array.from({ length: count }, (_, sample) => (sample / samples) * length);
    const values = part(hours, draw, length);
    const moments = hours.map((hour, sample) => ({ at: (begin + hour) * hourMs, value: (values[sample] ?? 0) * 1e6 }));
    return { moments: moments.filter(({ at }) => !missing.some(({ from, to }) => at >= from && at < to)), cut: left };
  });
}

const windowsOf = (stretches: (readonly [number, number])[] = []): Window[] =>
  stretches.map(([from, to]) => ({ from: from * hourMs, to: to * hourMs }));
