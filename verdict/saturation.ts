import type { GeneratorSummary } from '#model/evidence-summary.ts';
import { formatNumber } from '#model/figures.ts';
import { engineCoresMax, eventLoopDelaySecondsMax, scheduleErrorMsMax } from '#model/generator-limits.ts';

/** What the busiest engine used; undefined when none told. */
export interface GeneratorUse {
  readonly cores: number;
  readonly isSaturated: boolean;
  /** Its figures beside their limits, as sentences. */
  readonly told: string;
}

export function measureGenerators(generators: readonly GeneratorSummary[]): GeneratorUse | undefined {
  const used = generators.flatMap(({ cores }) => cores ?? []);
  if (used.length === 0) return undefined;
  const cores = Math.max(...used);
  const delaySeconds = Math.max(...generators.map(({ eventLoopDelayP95Seconds }) => eventLoopDelayP95Seconds));
  const errors = generators.flatMap(({ scheduleErrorP99Ms }) => scheduleErrorP99Ms ?? []);
  const errorMs = errors.length === 0 ? undefined : Math.max(...errors);
  const offSchedule =
    errorMs === undefined
      ? ''
      : ` 99 % of iterations began at most ${formatNumber(errorMs)} ms after they were due (limit ${scheduleErrorMsMax} ms).`;
  return {
    cores,
    isSaturated:
      cores >= engineCoresMax || delaySeconds >= eventLoopDelaySecondsMax || (errorMs ?? 0) >= scheduleErrorMsMax,
    told:
      `The busiest engine used ${formatNumber(cores)} of a core (limit ${engineCoresMax}); in 95 % of seconds its event loop's p99` +
      ` delay was under ${formatNumber(delaySeconds * 1_000)} ms (limit ${eventLoopDelaySecondsMax * 1_000} ms).${offSchedule}`,
  };
}
