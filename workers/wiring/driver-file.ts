import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { execa } from 'execa';
import * as z from 'zod';
import { findBinary } from '#compose/binaries.ts';
import { driverFileOf, type LoadDriver, ScenarioOutline } from '#model/load-driver.ts';
import { keepCopy, sha256Of } from './driver-copy.ts';
import type { Environment } from './environment.ts';

/** What came of looking into the file that an input names: a driver for the plan, nothing at all, or what is wrong with it. */
export type DriverReading = { readonly driver?: LoadDriver } | { readonly problems: string[] };

type DriverInput = Parameters<typeof driverFileOf>[0];

const fileBytesMax = 1_048_576;
const checkMsMax = 20_000;
const outputBytesMax = 4 * 1_048_576;
const problemCharactersMax = 600;

/**
 * Reads the file, keeps a copy of it in the run's folder and has that copy looked into, in a process of its own: a scenario by
 * us, a locustfile by Locust and a script by k6, where they are installed; preflight sees to it that they are.
 */
export async function readDriver(
  environment: Environment,
  input: DriverInput,
  runFolder: string,
): Promise<DriverReading> {
  const named = driverFileOf(input);
  if (named === undefined) return {};
  const file = resolve(environment.home, named.file);
  const text = readText(file);
  if ('problem' in text) {
    const hint = isAbsolute(named.file)
      ? ''
      : `; a path that is not absolute is looked up in ${environment.home} here, and by \`soak\` where it is called`;
    return { problems: [`${named.key}: ${file} ${text.problem}${hint}`] };
  }
  const driver = { kind: named.kind, file, sha256: sha256Of(text.text) };
  const copy = keepCopy(runFolder, driver, text.text);
  const looked = await lookInto(environment, driver, copy);
  if ('problems' in looked) {
    // Programs speak of the copy; whoever wrote the original knows it by another name.
    const toldOf = (problem: string): string =>
      problem
        .replaceAll(`file://${copy}`, basename(file))
        .replaceAll(copy, basename(file))
        .replaceAll(`${dirname(copy)}/`, './');
    return { problems: looked.problems.map((problem) => `${named.key}: ${file}: ${toldOf(problem)}`) };
  }
  return { driver: { ...driver, ...looked } };
}

/** The same for whoever starts nothing, as `soak plan`: no copy stays. */
export async function inspectDriver(environment: Environment, input: DriverInput): Promise<DriverReading> {
  if (driverFileOf(input) === undefined) return {};
  const folder = mkdtempSync(join(tmpdir(), 'soakwave-driver-'));
  try {
    return await readDriver(environment, input, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readText(file: string): { text: string } | { problem: string } {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return { problem: 'is not a file' };
    if (stat.size > fileBytesMax) return { problem: `has ${stat.size} bytes; at most ${fileBytesMax} are taken` };
    return { text: readFileSync(file, 'utf8') };
  } catch (error) {
    const { code } = error as { code?: string };
    return { problem: code === 'ENOENT' ? 'is not there' : `cannot be read (${code ?? String(error)})` };
  }
}

type Looked = Pick<LoadDriver, 'scenario' | 'ownSchedule'> | { readonly problems: string[] };

async function lookInto(
  environment: Environment,
  { kind, file }: Pick<LoadDriver, 'kind' | 'file'>,
  copy: string,
): Promise<Looked> {
  if (kind === 'scenario') return checkScenario(environment, copy);
  const command = findBinary(kind, environment);
  if (command === undefined) return {};
  return kind === 'locust'
    ? checkLocustfile(environment, { command, copy, file })
    : checkScript(environment, { command, copy });
}

const ScenarioAnswer = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), outline: ScenarioOutline }),
  z.strictObject({ ok: z.literal(false), problems: z.array(z.string()).min(1) }),
]);

async function checkScenario(environment: Environment, copy: string): Promise<Looked> {
  const child = await execa(environment.node, ['workers/scenario-check.ts', copy], {
    ...bounds(environment.forTools),
    cwd: environment.home,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  if (child.timedOut) return { problems: [`it was still loading after ${checkMsMax / 1_000} s`] };
  const answer = ScenarioAnswer.safeParse(parseJson(child.stdio[3]));
  if (!answer.success) return { problems: [`it ended the process that loaded it: ${lastLines(child.stderr)}`] };
  return answer.data.ok ? { scenario: answer.data.outline } : { problems: answer.data.problems };
}

interface Checked {
  readonly command: string;
  readonly copy: string;
}

async function checkLocustfile(
  environment: Environment,
  { command, copy, file }: Checked & { file: string },
): Promise<Looked> {
  const env = {
    ...environment.forTools,
    ...sampleVariables(copy),
    PYTHONPATH: dirname(file),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const child = await execa(command, ['-f', copy, '--list'], { ...bounds(env), stdin: 'ignore', cwd: dirname(copy) });
  if (child.timedOut) return { problems: [`Locust was still loading it after ${checkMsMax / 1_000} s`] };
  return child.exitCode === 0 ? {} : { problems: [`Locust does not load it: ${lastLines(child.stderr)}`] };
}

const Inspection = z.object({ scenarios: z.record(z.string(), z.unknown()).nullish() });

async function checkScript(environment: Environment, { command, copy }: Checked): Promise<Looked> {
  const env = { ...environment.forTools, ...sampleVariables(copy) };
  const child = await execa(command, ['inspect', '--no-color', '--include-system-env-vars', copy], {
    ...bounds(env),
    stdin: 'ignore',
    cwd: dirname(copy),
  });
  if (child.timedOut) return { problems: [`k6 was still loading it after ${checkMsMax / 1_000} s`] };
  if (child.exitCode !== 0) return { problems: [`k6 does not load it: ${k6Message(child.stderr)}`] };
  const { scenarios } = Inspection.parse(parseJson(child.stdout) ?? {});
  return Object.keys(scenarios ?? {}).length > 0 ? { ownSchedule: true } : {};
}

/** Files read these when they are loaded: the one identity that they find then is nobody. */
function sampleVariables(copy: string): Record<string, string> {
  const folder = dirname(copy);
  const identities = join(folder, 'nobody.ndjson');
  writeFileSync(identities, `${JSON.stringify({ userId: 1, token: 'nobody', teams: [1] })}\n`);
  return { SOAKWAVE_IDENTITIES: identities, SOAKWAVE_BASE_URL: 'http://127.0.0.1:9', SOAKWAVE_FOLDER: folder };
}

const bounds = (env: Readonly<Record<string, string>>) =>
  ({
    ...{ env, extendEnv: false, reject: false },
    ...{ timeout: checkMsMax, forceKillAfterDelay: 1_000, maxBuffer: outputBytesMax },
  }) as const;

/** What a program said last, which is where Python and k6 say what was wrong. */
function lastLines(text: unknown): string {
  const lines = (typeof text === 'string' ? text : '').split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? 'it said nothing' : lines.slice(-2).join(' · ').trim().slice(0, problemCharactersMax);
}

/** Its log is `time=… level=error msg="…"`, with whatever is quoted in it quoted once more. */
function k6Message(text: unknown): string {
  const said = lastLines(text);
  const quoted = /msg=("(?:[^"\\\\]|\\\\.)*")/.exec(said)?.[1];
  const unquoted = parseJson(quoted);
  return (typeof unquoted === 'string' ? unquoted : said).trim();
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : '');
  } catch {
    return undefined;
  }
}
