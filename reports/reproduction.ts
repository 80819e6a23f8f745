import { inputOfDriver } from '#model/load-driver.ts';
import type { Plan } from '#model/plan.ts';
import type { ReportMeta } from './report-input.ts';

/** The two commands that make this run again: what was typed, with its seed said out loud. */
export function writeCommands(plan: Plan, { input }: Pick<ReportMeta, 'input'>): { temporal: string; soak: string } {
  const { driver } = plan.load;
  const own = driver === undefined ? {} : inputOfDriver(driver);
  const whole: Record<string, unknown> = { wave: plan.wave, ...input, ...own, seed: plan.seed };
  const workflow = plan.workflow === 'SoakWave' ? [] : ['--workflow', plan.workflow];
  const flags = Object.entries(whole).flatMap(([key, value]) => (key === 'wave' ? [] : writeFlag(key, value)));
  const isSayable = typeof whole['capacity'] !== 'object';
  return {
    temporal: `temporal workflow start --type ${plan.workflow} --task-queue soak --input ${quote(JSON.stringify(whole))}`,
    soak: isSayable
      ? ['soak run', plan.wave, ...workflow, ...flags].join(' ')
      : '# options of a capacity search have no flags: start it through Temporal',
  };
}

function writeFlag(key: string, value: unknown): string[] {
  const flag =
    key === 'objectives' ? '--objective' : `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (value === false || value === undefined) return [];
  if (value === true) return [flag];
  const values: unknown[] = Array.isArray(value) ? value : [typeof value === 'object' ? writePairs(value) : value];
  return values.flatMap((each) => [flag, quote(typeof each === 'string' ? each : JSON.stringify(each))]);
}

/** As the command line reads it: `writer=2,power-user=1`. */
const writePairs = (value: object | null): string =>
  Object.entries(value ?? {})
    .map(([name, each]) => `${name}=${typeof each === 'string' ? each : JSON.stringify(each)}`)
    .join(',');

/** For a POSIX shell: plain words as they are, everything else in single quotes. */
const quote = (text: string): string => (/^[\w.,:/@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
