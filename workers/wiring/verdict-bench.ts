import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import type { VerdictBenchOrder, VerdictBenchReport } from '#cli/verdict-bench.ts';
import { families } from '#verdict/leak-bench/families.ts';
import { summariseBench } from '#verdict/leak-bench/report.ts';
import { type SeriesTrial, trySeries } from '#verdict/leak-bench/trial.ts';
import { type RunTrial, tryRun } from '#verdict/leak-bench/whole-run.ts';

type Kept = { readonly seed: number } & (
  { readonly kind: 'series'; readonly trial: SeriesTrial } | { readonly kind: 'run'; readonly trial: RunTrial }
);

const tellEveryMs = 10_000;

/**
 * The leak verdict against series whose truth is known. Each trial is decided by (seed, kind, length, number) alone, so that one
 * that was kept need not be made again; `keep` is a file to which each is added as it is done.
 */
export async function benchVerdict(
  order: VerdictBenchOrder,
  onLine: (line: string) => void,
): Promise<VerdictBenchReport> {
  const startedAt = performance.now();
  const { seed } = order;
  const done = readKept(order);
  const series = new Map(done.flatMap((each) => (each.kind === 'series' ? [[nameOf(each.trial), each.trial]] : [])));
  const runs = new Map(done.flatMap((each) => (each.kind === 'run' ? [[nameOfRun(each.trial), each.trial]] : [])));
  const keep = (each: Kept): void => {
    if (order.keep !== undefined) appendFileSync(order.keep, `${JSON.stringify(each)}\n`);
  };
  const jobs = jobsOf(order);
  let toldAt = startedAt;
  for (const [index, { hours, number, family, truth }] of jobs.entries()) {
    if (family === undefined && !runs.has(nameOfRun({ hours, number, truth }))) {
      const trial = tryRun({ hours, number, seed, truth });
      runs.set(nameOfRun(trial), trial);
      keep({ seed, kind: 'run', trial });
    } else if (family !== undefined && !series.has(nameOf({ hours, number, family: family.name }))) {
      const trial = trySeries(family, { hours, number, seed });
      series.set(nameOf(trial), trial);
      keep({ seed, kind: 'series', trial });
    }
    if (performance.now() - toldAt < tellEveryMs) continue;
    toldAt = performance.now();
    onLine(`${index + 1} of ${jobs.length} trials`);
    await breathe(); // an interrupt is heard between two trials
  }
  const wanted = new Set(
    jobs.map(({ family, ...at }) => (family === undefined ? nameOfRun(at) : nameOf({ ...at, family: family.name }))),
  );
  const chosen = <T>(all: ReadonlyMap<string, T>): T[] =>
    [...all].flatMap(([name, trial]) => (wanted.has(name) ? [trial] : []));
  const figures = summariseBench(chosen(series), chosen(runs));
  return { seed, seconds: Math.round((performance.now() - startedAt) / 1_000), ...figures };
}

type Named = Pick<RunTrial, 'hours' | 'number'>;

const nameOf = ({ hours, number, family }: Named & { family: string }): string => `${family}/${hours}/${number}`;

const nameOfRun = ({ truth = 'healthy', ...at }: Named & Pick<RunTrial, 'truth'>): string =>
  nameOf({ ...at, family: `whole run, ${truth}` });

function jobsOf({ hours, series, runs, leaks }: VerdictBenchOrder) {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  const run = (length: number, truth: 'healthy' | 'leak') => (number: number) => ({ hours: length, number, truth });
  return hours.flatMap((length) => [
    ...families.flatMap((family) =>
      numbers(series).map((number) => ({ ...run(length, family.truth)(number), family })),
    ),
    ...numbers(runs).map((number) => ({ ...run(length, 'healthy')(number), family: undefined })),
    ...numbers(leaks).map((number) => ({ ...run(length, 'leak')(number), family: undefined })),
  ]);
}

/** A line that was cut off by a crash is a trial that is made again. */
function readKept({ keep, seed }: VerdictBenchOrder): Kept[] {
  if (keep === undefined || !existsSync(keep)) return [];
  return readFileSync(keep, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        const kept = JSON.parse(line) as Kept;
        return kept.seed === seed ? [kept] : [];
      } catch {
        return [];
      }
    });
}
