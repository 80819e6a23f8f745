import type { Window } from '../windows.ts';
import type { Moment } from './reduce.ts';

export type SeriesUnit = 'bytes' | 'count';

/** A bare series of a file, in order of time. */
export interface BareSeries {
  readonly series: string;
  readonly incarnation: string;
  readonly unit: SeriesUnit;
  readonly moments: readonly Moment[];
}

/** What a file of bare series has in it, and everything that is wrong with it. */
export interface SeriesFile {
  readonly series: readonly BareSeries[];
  readonly cut: readonly (Window & { readonly why: string })[];
  readonly problems: readonly string[];
}

/**
 * Reads lines `{"series":"rss","incarnation":"gw1#1","at":<ms>,"value":<bytes>}`, with `"unit":"count"` where they are not bytes,
 * and `{"exclude":{"from":<ms>,"to":<ms>,"why":"fault"}}`, in any order. A value of null is a sample that was missed.
 */
export interface SeriesReader {
  line(text: string): void;
  end(): SeriesFile;
}

interface Gathered {
  readonly series: string;
  readonly incarnation: string;
  unit: SeriesUnit | undefined;
  readonly moments: Moment[];
}

const problemsMax = 20;
/** The last moment that a date can name. */
const atMax = 8.64e15;

export function createSeriesReader(): SeriesReader {
  const all = new Map<string, Gathered>();
  const cut: (Window & { why: string })[] = [];
  const problems: string[] = [];
  let [number, wrong] = [0, 0];

  function refuse(problem: string): void {
    wrong += 1;
    if (problems.length < problemsMax) problems.push(`line ${number}: ${problem}`);
  }

  function sample(read: Readonly<Record<string, unknown>>): string | undefined {
    const { series, incarnation, at, value, unit } = read;
    if (typeof series !== 'string' || series === '') return 'series must be a text';
    if (typeof incarnation !== 'string') return 'incarnation must be a text';
    if (!isMoment(at)) return `at must be milliseconds since 1970: ${JSON.stringify(at)}`;
    if (unit !== undefined && unit !== 'bytes' && unit !== 'count') return 'unit must be "bytes" or "count"';
    if (value !== null && !isAmount(value))
      return `value must be a number that is not negative, or null for a sample that was missed: ${JSON.stringify(value)}`;
    const key = `${series}\n${incarnation}`;
    const known = all.get(key) ?? { series, incarnation, unit, moments: [] };
    all.set(key, known);
    known.unit ??= unit;
    if (unit !== undefined && known.unit !== unit)
      return `${series} of ${incarnation} is in ${known.unit ?? ''} elsewhere, and in ${unit} here`;
    if (value !== null) known.moments.push({ at, value });
    return undefined;
  }

  return {
    line(text) {
      number += 1;
      if (text.trim() === '') return;
      const read = parse(text);
      if (read === undefined) refuse('not a JSON object (NaN and Infinity are no JSON; a missed sample is null)');
      else {
        const problem = 'exclude' in read ? readCut(read['exclude'], cut) : sample(read);
        if (problem !== undefined) refuse(problem);
      }
    },
    end() {
      if (all.size === 0 && wrong === 0) problems.push('there is no sample in it');
      for (const { series, incarnation, moments } of all.values()) {
        moments.sort((one, other) => one.at - other.at);
        const jump = describeJump(moments);
        if (jump !== undefined) problems.push(`${series} of ${incarnation}: ${jump}`);
      }
      if (wrong > problemsMax) problems.push(`and ${wrong - problemsMax} more lines`);
      return { series: [...all.values()].map((one) => ({ ...one, unit: one.unit ?? 'bytes' })), cut, problems };
    },
  };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? { ...read } : undefined;
  } catch {
    return undefined;
  }
}

const isMoment = (at: unknown): at is number => typeof at === 'number' && at >= 0 && at <= atMax;
const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function readCut(given: unknown, cut: (Window & { why: string })[]): string | undefined {
  const { from, to, why } = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};
  if (!isMoment(from) || !isMoment(to) || to <= from) return 'exclude needs from and to, in that order of time';
  cut.push({ from, to, why: typeof why === 'string' ? why : 'excluded' });
  return undefined;
}

const dayMs = 86_400_000;
const apartMs = 7 * dayMs;
const apartTimes = 10;

/** A clock that was set by years leaves samples far away from all others: whichever is wrong, nothing can be said of both. */
function describeJump(moments: readonly Moment[]): string | undefined {
  const span = (moments.at(-1)?.at ?? 0) - (moments[0]?.at ?? 0);
  let [gap, before] = [0, 0];
  for (const [index, { at }] of moments.entries()) {
    const next = moments[index + 1];
    if (next !== undefined && next.at - at > gap) [gap, before] = [next.at - at, index + 1];
  }
  if (gap <= apartMs || gap <= apartTimes * (span - gap)) return undefined;
  const few = Math.min(before, moments.length - before);
  return `the clock: ${few} of its ${moments.length} samples are ${Math.round(gap / dayMs)} days away from the others`;
}
