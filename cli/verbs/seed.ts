import { parseInput } from '#model/parse-input.ts';
import { exitCodes } from '../exit-codes.ts';
import { inputFlags } from '../run-flags.ts';
import { createSeedDisplay, renderSeedReport } from '../seed-text.ts';
import type { SeedOrder, SeedReport } from '../service.ts';
import { type Call, jsonFlag, type Verb, type VerbContext } from '../verb.ts';

const inputNames = ['scale', 'seed', 'profile'] as const;
const workersMax = 64;
const batchRange = [100, 100_000] as const;

export const seed: Verb = {
  name: 'seed',
  summary: 'fill a database with the data set of a wave, exactly once; go on where it was interrupted',
  operand: { name: 'WAVE', means: 'smoke, small, medium, large or enterprise', most: 1 },
  flags: [
    ...inputFlags.filter(({ name }) => inputNames.some((each) => each === name)),
    {
      name: 'database',
      value: 'URL',
      kind: 'text',
      means: 'somebody else’s database (default: the local stack’s); the password is better in PGPASSWORD',
    },
    {
      name: 'parallel-workers',
      value: 'N',
      kind: 'number',
      means: 'connections that rows go through (default: cores)',
    },
    { name: 'batch-size', value: 'ROWS', kind: 'number', means: 'rows that are generated in one go (default 4096)' },
    { name: 'reset', kind: 'switch', means: 'drop what soakwave seeded of another plan' },
    {
      name: 'verify',
      kind: 'switch',
      means: 'write nothing: compare counts and checksums with the plan; exit 1 when they differ',
    },
    { ...jsonFlag, means: 'progress to stderr, the result as last line of stdout' },
  ],
  examples: [
    ['soak seed small', 'the data of the small wave into the local stack’s database; soak run small finds them there'],
    ['soak seed medium --scale 0.1 --seed 7', 'a tenth of it, from another seed'],
    ['PGPASSWORD=… soak seed small --database postgres://me@db.example/gateway', 'a database of your own'],
    ['soak seed small --verify', 'is it still what was seeded?'],
  ],
  check: (call) => readSeedOrder(call).problems,
  detaches: true,
  run: seedAndTell,
};

function readSeedOrder({ operands, flags }: Call): { order: SeedOrder; problems: string[] } {
  const problems: string[] = [];
  const input: Record<string, unknown> = { wave: operands[0] };
  for (const name of inputNames) if (name in flags) input[name] = flags[name];
  const parsed = parseInput('SoakWave', { ...input, users: 1 }, (key) => (key === 'wave' ? 'WAVE' : `--${key}`));
  if (!parsed.ok) problems.push(...parsed.problems);
  const wholeWithin = (name: string, [min, max]: readonly [number, number]): number | undefined => {
    const value = flags[name];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    problems.push(`--${name}: given ${String(value)}; it must be a whole number from ${min} to ${max}`);
    return undefined;
  };
  const parallelWorkers = wholeWithin('parallel-workers', [1, workersMax]);
  const batchRows = wholeWithin('batch-size', batchRange);
  const databaseUrl = flags['database'];
  if (typeof databaseUrl === 'string') problems.push(...checkUrl(databaseUrl));
  if ('verify' in flags && 'reset' in flags)
    problems.push('--verify writes nothing, --reset drops: they exclude each other');
  const order = {
    input: { ...input, users: 1 },
    ...(typeof databaseUrl === 'string' ? { databaseUrl } : {}),
    ...(parallelWorkers === undefined ? {} : { parallelWorkers }),
    ...(batchRows === undefined ? {} : { batchRows }),
    reset: flags['reset'] === true,
    verifyOnly: flags['verify'] === true,
  };
  return { order, problems };
}

function checkUrl(text: string): string[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ['postgres:', 'postgresql:'].includes(url.protocol) && url.hostname !== '') return [];
  return ['--database: a URL such as postgres://USER@HOST:5432/NAME is expected'];
}

async function seedAndTell(call: Call, context: VerbContext): Promise<number> {
  const { order } = readSeedOrder(call);
  const asJson = call.flags['json'] === true;
  const display = createSeedDisplay(context, asJson);
  if (order.databaseUrl !== undefined && new URL(order.databaseUrl).password !== '') {
    context.err(
      'A password in --database is shown to everybody who lists processes here: PGPASSWORD and ~/.pgpass are not.',
    );
  }
  try {
    const report = await context.service.seed(order, { signal: context.interrupted, ...display.watch });
    display.end();
    return tell(report, order, { context, asJson });
  } catch (error) {
    display.end();
    return explain(error, call, context);
  }
}

function tell(
  report: SeedReport,
  { verifyOnly }: SeedOrder,
  { context, asJson }: { context: VerbContext; asJson: boolean },
): number {
  if (asJson) context.out(JSON.stringify(report));
  else context.out(renderSeedReport(report, verifyOnly));
  return report.differences.length === 0 ? exitCodes.ok : exitCodes.fail;
}

/** What is complete stays complete, whatever ended it. */
function explain(error: unknown, { operands }: Call, { err, interrupted }: VerbContext): number {
  if (interrupted.aborted) {
    err(`Interrupted: what was complete is kept; the same soak seed ${operands.join(' ')} goes on from there.`);
    return exitCodes.interrupted;
  }
  if (!(error instanceof Error) || !['ForeignData', 'SeedFailed'].includes(error.name)) throw error;
  err(error.message);
  return error.name === 'ForeignData' ? exitCodes.usage : exitCodes.fail;
}
