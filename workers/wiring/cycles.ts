import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { readIfPresent, writeAtomic } from '#compose/atomic-file.ts';
import type { RunSummary } from '#evidence/run.ts';
import type { PlannedWave, WaveOutcome } from '#model/activities.ts';
import { listWaveInputs, parseInput } from '#model/parse-input.ts';
import { planRun } from '#model/plan-run.ts';
import type { Plan } from '#model/plan.ts';
import { RunResultFile } from '#reports/result.ts';
import type { Context } from './context.ts';
import { inspectDriver } from './driver-file.ts';
import { measurePlanned } from './machine.ts';

export interface CycleRequest {
  readonly runKey: string;
  readonly workflowId: string;
  readonly input: unknown;
}

/** What is kept of a cycle of waves beside its report: enough for a later one to go on from. */
const Cycle = z.strictObject({
  schemaVersion: z.literal(1),
  runKey: z.string(),
  workflowId: z.string(),
  startedAt: z.number(),
  /** Run keys of the waves that it took over itself. */
  takenOver: z.record(z.string(), z.string()),
});
type Cycle = z.infer<typeof Cycle>;

/**
 * One input a wave, in order; the waves before `from` with what the earlier cycle came to (R1.3). What was planned
 * otherwise then is refused, naming the differences: a comparison over two kinds of runs compares nothing.
 */
export async function planCycle(
  context: Context,
  { runKey, workflowId, input }: CycleRequest,
): Promise<{ waves: PlannedWave[] } | { problems: string[] }> {
  const parsed = parseInput('AllWaves', input);
  if (!parsed.ok) return { problems: parsed.problems };
  const waves = listWaveInputs(input as object);
  const { from, previous } = parsed.value;
  const done = from === undefined ? [] : waves.slice(0, waves.map(({ wave }) => wave).indexOf(from));
  const cycles = listCycles(context.places.runs).filter((cycle) => cycle.runKey !== runKey);
  const earlier = cycles.find((cycle) => cycle.runKey === previous || cycle.workflowId === previous);
  if (previous !== undefined && earlier === undefined) {
    return { problems: [`previous: this host knows no AllWaves called ${previous}; give its run key or workflow id`] };
  }
  const found =
    earlier === undefined ? [] : await Promise.all(done.map((wave) => takeOver(context, { earlier, cycles, wave })));
  const problems = found.flatMap((each) => ('problem' in each ? [each.problem] : []));
  if (problems.length > 0) return { problems };
  const outcomes = found.flatMap((each) => ('problem' in each ? [] : [each]));
  writeCycle(context, {
    schemaVersion: 1,
    runKey,
    workflowId,
    startedAt: Date.now(),
    takenOver: Object.fromEntries(outcomes.map(({ wave, runId }) => [wave, runId])),
  });
  return {
    waves: waves.map((wave, index) => {
      const takenOver = outcomes[index];
      return takenOver === undefined ? wave : { ...wave, takenOver };
    }),
  };
}

/** The newest first. A file that cannot be read is a cycle that is not known. */
function listCycles(runs: string): Cycle[] {
  mkdirSync(runs, { recursive: true });
  const cycles = readdirSync(runs).flatMap((name) => {
    const text = name === 'latest' ? undefined : readIfPresent(join(runs, name, 'cycle.json'));
    const parsed = text === undefined ? undefined : readCycle(text);
    return parsed?.success === true ? [parsed.data] : [];
  });
  return cycles.sort((one, other) => other.startedAt - one.startedAt);
}

function readCycle(text: string): z.ZodSafeParseResult<Cycle> | undefined {
  try {
    return Cycle.safeParse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A second delivery finds the first one's file and changes nothing that anybody reads. */
function writeCycle({ places }: Context, cycle: Cycle): void {
  const { folder } = places.run(cycle.runKey);
  mkdirSync(folder, { recursive: true });
  if (readIfPresent(join(folder, 'cycle.json')) === undefined) {
    writeAtomic(join(folder, 'cycle.json'), `${JSON.stringify(cycle, null, 2)}\n`);
  }
}

const runsLookedAt = 1_000;
const reasonsMax = 10;
const reasonCharactersMax = 250;

/** What the earlier cycle came to in one wave, or why it cannot be taken over. */
async function takeOver(
  context: Context,
  { earlier, cycles, wave: { wave, input } }: { earlier: Cycle; cycles: readonly Cycle[]; wave: PlannedWave },
): Promise<WaveOutcome | { problem: string }> {
  const childId = `${earlier.workflowId}/${wave}`;
  // A workflow id may be used again: only what began before the next cycle of that name is of this one.
  const next = cycles.findLast(
    ({ workflowId, startedAt }) => workflowId === earlier.workflowId && startedAt > earlier.startedAt,
  );
  const ofCycle = ({ workflowId, startedAt }: RunSummary): boolean =>
    workflowId === childId && startedAt >= earlier.startedAt && startedAt < (next?.startedAt ?? Infinity);
  const runs = await context.store.listRuns(runsLookedAt);
  const runKey = runs.find(ofCycle)?.runKey ?? earlier.takenOver[wave];
  const again = `let it be run again: "from":"${wave}"`;
  if (runKey === undefined) return { problem: `from: ${earlier.workflowId} did not come to wave ${wave}; ${again}` };
  const result = RunResultFile.safeParse(await context.store.readResult(runKey));
  const stored = await context.store.readPlan(runKey);
  if (!result.success || stored === undefined) {
    return { problem: `from: wave ${wave} of ${earlier.workflowId} has no verdict to take over; ${again}` };
  }
  const planned = await planWave(context, input);
  if ('problems' in planned) return { problem: planned.problems.join('; ') };
  const differences = differencesOf(stored.plan, planned);
  if (differences.length > 0) {
    return { problem: `previous: wave ${wave} was planned otherwise then (${differences.join('; ')}); ${again}` };
  }
  const { outcome, reasons, result: path } = result.data;
  if (readIfPresent(path) === undefined) {
    mkdirSync(dirname(path), { recursive: true });
    writeAtomic(path, `${JSON.stringify(result.data, null, 2)}\n`);
  }
  const cut = reasons.slice(0, reasonsMax).map((reason) => reason.slice(0, reasonCharactersMax));
  return { wave, runId: runKey, outcome, reasons: cut, result: path, isTakenOver: true };
}

async function planWave(
  { environment }: Context,
  input: Record<string, unknown>,
): Promise<Plan | { problems: string[] }> {
  const parsed = parseInput('SoakWave', input);
  if (!parsed.ok) throw new Error(`a wave's input does not parse: ${parsed.problems.join('; ')}`);
  const driven = await inspectDriver(environment, parsed.value);
  if ('problems' in driven) return driven;
  return planRun({ workflow: 'SoakWave', input: parsed.value, machine: measurePlanned(environment), ...driven });
}

/** Parts of a plan that no figure and no verdict depends on; remarks name the free disk, which is another each day. */
const withoutEffect = ['remarks', 'keep', 'onBlocked', 'ifBusy'];
const differencesMax = 5;

/** `load.virtualUsers was 10, is 20`: the first few leaves in which two plans differ. */
function differencesOf(then: Plan, now: Plan): string[] {
  const [before, after] = [leavesOf(then), leavesOf(now)];
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  const sentences = paths.map(
    (path) => `${path} was ${before.get(path) ?? 'absent'}, is ${after.get(path) ?? 'absent'}`,
  );
  const rest = sentences.length - differencesMax;
  return rest <= 0 ? sentences : [...sentences.slice(0, differencesMax), `and ${rest} more`];
}

function leavesOf(plan: Plan): Map<string, string> {
  const leaves = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (value !== null && typeof value === 'object') {
      for (const [key, member] of Object.entries(value)) walk(member, path === '' ? key : `${path}.${key}`);
    } else if (value !== undefined) leaves.set(path, JSON.stringify(value));
  };
  for (const [key, member] of Object.entries(plan)) if (!withoutEffect.includes(key)) walk(member, key);
  return leaves;
}
