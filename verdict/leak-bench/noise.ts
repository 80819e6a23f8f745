import { createRandom } from '#model/random.ts';

/** What a series is made of: values at these hours, of a run of so many. */
export type Part = (hours: readonly number[], draw: Draw, length: number) => number[];

export interface Draw {
  /** In [0, 1). */
  readonly uniform: () => number;
  /** Of mean 0 and deviation 1. */
  readonly normal: () => number;
}

/** Normal numbers by Box and Muller (1958), both of each pair. */
export function createDraw(seed: number): Draw {
  const uniform = createRandom(seed);
  let kept: number | undefined;
  return {
    uniform,
    normal() {
      if (kept !== undefined) {
        const taken = kept;
        kept = undefined;
        return taken;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      kept = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}

export const sum =
  (...parts: readonly Part[]): Part =>
  (hours, draw, length) => {
    const values = parts.map((part) => part(hours, draw, length));
    return hours.map((_, index) => values.reduce((total, part) => total + (part[index] ?? 0), 0));
  };

/** A function of the time alone. */
export const course =
  (at: (hour: number, length: number) => number): Part =>
  (hours, _, length) =>
    hours.map((hour) => at(hour, length));

export const white =
  (deviation: number): Part =>
  (hours, { normal }) =>
    hours.map(() => deviation * normal());

/** Remembers itself for `memoryHours`: an autoregressive process of the first order. */
export const red =
  (deviation: number, memoryHours: number): Part =>
  (hours, { normal }) => {
    let value = deviation * normal();
    return hours.map((hour, index) => {
      const kept = index === 0 ? 1 : Math.exp(-(hour - (hours[index - 1] ?? hour)) / memoryHours);
      value = kept * value + Math.sqrt(1 - kept * kept) * deviation * normal();
      return value;
    });
  };

const pinkMemories = [0.002, 0.01, 0.05, 0.25, 1.2, 6, 30];

/** As much power in each octave, from seconds to a day. */
export const pink = (deviation: number): Part =>
  sum(...pinkMemories.map((memory) => red(deviation / Math.sqrt(pinkMemories.length), memory)));

/** A walk that goes so far in an hour, in one direction as readily as in the other. */
export const brown =
  (deviationPerRootHour: number): Part =>
  (hours, { normal }) => {
    let value = 0;
    return hours.map((hour, index) => {
      value += deviationPerRootHour * Math.sqrt(index === 0 ? 0 : hour - (hours[index - 1] ?? hour)) * normal();
      return value;
    });
  };

/** What a collector makes of steady garbage: up in a line, down at once; no two cycles alike by more than a fifth. */
export const sawTooth =
  (height: number, cycleHours: number): Part =>
  (hours, { uniform }) => {
    const vary = (mean: number): number => mean * (0.8 + 0.4 * uniform());
    let cycle = { from: -cycleHours * uniform(), length: vary(cycleHours), height: vary(height) };
    return hours.map((hour) => {
      while (hour - cycle.from >= cycle.length)
        cycle = { from: cycle.from + cycle.length, length: vary(cycleHours), height: vary(height) };
      return (cycle.height * (hour - cycle.from)) / cycle.length;
    });
  };
