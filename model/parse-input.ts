import type * as z from 'zod';
import { listCapacityConflicts } from './capacity-conflicts.ts';
import { plantableTargets } from './defect.ts';
import { listDriverConflicts } from './driver-conflicts.ts';
import { listInputProblems } from './input-problems.ts';
import { leakWatchMsMin } from './leak-watch.ts';
import { listModelConflicts, listRateConflicts, statedLoadMs, virtualUsersOf } from './load-conflicts.ts';
import { listObjectiveConflicts } from './objective.ts';
import type { WorkflowName } from './plan.ts';
import { AllWavesInput, FederationLoadInput, SoakWaveInput, StabilityRunInput } from './run-input.ts';
import { type WaveName, waves } from './wave.ts';

/** What each workflow's input is after parsing: durations in milliseconds, no defaults applied. */
interface WorkflowInputs {
  readonly SoakWave: SoakWaveInput;
  readonly AllWaves: AllWavesInput;
  readonly StabilityRun: z.infer<typeof StabilityRunInput>;
  readonly FederationLoad: z.infer<typeof FederationLoadInput>;
}

/** The parsed input of any workflow that runs one wave. */
export type RunInput = WorkflowInputs['StabilityRun'];

export type ParsedInput<Name extends WorkflowName = WorkflowName> =
  { readonly ok: true; readonly value: WorkflowInputs[Name] } | { readonly ok: false; readonly problems: string[] };

/** Which data set and load a workflow stands for when its input names no wave. */
export const defaultWaves = {
  SoakWave: 'smoke',
  AllWaves: 'small',
  StabilityRun: 'enterprise',
  FederationLoad: 'small',
} as const satisfies Record<WorkflowName, WaveName>;

/** R1.3: what `AllWaves` runs, in order, when its input names no waves. */
const cycleWaves: readonly WaveName[] = ['small', 'medium', 'large', 'enterprise'];

export const inputSchemas = {
  SoakWave: SoakWaveInput,
  AllWaves: AllWavesInput,
  StabilityRun: StabilityRunInput,
  FederationLoad: FederationLoadInput,
} as const satisfies Record<WorkflowName, z.ZodObject>;

/** What `AllWaves` starts: one `SoakWave` input a wave, in order, with everything else that was asked; `input` has passed `parseInput`. */
export function listWaveInputs(input: object): { wave: WaveName; input: Record<string, unknown> }[] {
  const shared: Record<string, unknown> = { ...input };
  const chosen = shared['waves'] as readonly WaveName[] | undefined;
  for (const ofTheCycle of ['waves', 'from', 'previous']) Reflect.deleteProperty(shared, ofTheCycle);
  return (chosen ?? cycleWaves).map((wave) => ({ wave, input: { ...shared, wave } }));
}

/**
 * Checks a workflow's input and answers with every problem at once, a sentence each that names the key, what was given
 * and what is allowed (R9.1). `nameKey` says how a key is called where the input came from, e.g. `--spawn-rate`.
 */
export function parseInput<Name extends WorkflowName>(
  workflow: Name,
  input: unknown,
  nameKey: (key: string) => string = (key) => key,
): ParsedInput<Name> {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    return {
      ok: false,
      problems: [`${workflow} takes one JSON object, such as ${examples[workflow]}; ${givenAs(input)}`],
    };
  }
  const schema = inputSchemas[workflow];
  const parsed = schema.safeParse(input);
  if (parsed.success) {
    const value = parsed.data as WorkflowInputs[Name];
    const conflicts = listConflicts(workflow, value, nameKey);
    return conflicts.length === 0 ? { ok: true, value } : { ok: false, problems: conflicts };
  }
  const { issues } = parsed.error;
  const keys = Object.keys(schema.shape);
  const problems = listInputProblems({ input, issues, workflow, keys, nameKey });
  const rest = schema.safeParse(withoutFaulty(input, issues));
  return {
    ok: false,
    problems: rest.success ? [...problems, ...listConflicts(workflow, rest.data, nameKey)] : problems,
  };
}

/** What remains of an input when the keys that are wrong by themselves are taken out, so that the others can be held against each other. */
function withoutFaulty(input: object, issues: readonly z.core.$ZodIssue[]): object {
  const faulty = new Set(
    issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0])])),
  );
  return Object.fromEntries(Object.entries(input).filter(([key]) => !faulty.has(key)));
}

const examples = {
  SoakWave: '{"wave":"small"}',
  AllWaves: '{} or {"waves":["smoke","small"]}',
  StabilityRun: '{} or {"wave":"small","duration":"8h"}',
  FederationLoad: '{} or {"wave":"small","users":50}',
} as const satisfies Record<WorkflowName, string>;

function givenAs(input: unknown): string {
  if (input === undefined) return 'none was given';
  return `given was ${input === null ? 'null' : Array.isArray(input) ? 'a list' : `a ${typeof input}`}`;
}

/** What each key allows by itself and all of them together do not. */
function listConflicts(
  workflow: WorkflowName,
  input: WorkflowInputs[WorkflowName],
  nameKey: (key: string) => string,
): string[] {
  const named = 'wave' in input ? [input.wave ?? defaultWaves[workflow]] : undefined;
  const chosen = named ?? ('waves' in input ? input.waves : undefined) ?? cycleWaves;
  const problems: string[] = [];
  if (new Set(chosen).size < chosen.length)
    problems.push(`${nameKey('waves')}: each wave at most once, given were ${chosen.join(', ')}`);
  if ('from' in input || 'previous' in input) problems.push(...listResumeConflicts(input, chosen, nameKey));
  problems.push(...listModelConflicts(input, nameKey), ...listCapacityConflicts(workflow, input, nameKey));
  for (const name of chosen) {
    const seededUsers = Math.round(waves[name].users * (input.scale ?? 1));
    const virtualUsers = virtualUsersOf(input, name, seededUsers);
    problems.push(...listRateConflicts(input, { name, seededUsers }, nameKey));
    if (virtualUsers > seededUsers) {
      problems.push(
        `${nameKey('users')}: ${virtualUsers} virtual users need as many seeded ones, and wave ${name} has ${seededUsers}` +
          `${input.scale === undefined ? '' : ` at scale ${input.scale}`}; use fewer users or a larger ${nameKey('scale')}`,
      );
    }
    if (input.shards !== undefined && input.shards > virtualUsers) {
      problems.push(
        `${nameKey('shards')}: ${input.shards} engines cannot share ${virtualUsers} virtual users; use at most ${virtualUsers}`,
      );
    }
  }
  if ('weights' in input && input.weights !== undefined && input.mix !== undefined) {
    problems.push(`${nameKey('weights')}: they are a mix of their own; leave out ${nameKey('mix')}, or the weights`);
  }
  problems.push(...listDriverConflicts(input, nameKey), ...listObjectiveConflicts(input, nameKey));
  problems.push(...listProofConflicts(input, { workflow, chosen }, nameKey));
  const loadMs = statedLoadMs(input);
  if (input.window !== undefined && loadMs !== undefined && input.window > loadMs) {
    problems.push(
      `${nameKey('window')}: a window is no longer than the load, and ${input.window / 1_000} s is longer than ${loadMs / 1_000} s`,
    );
  }
  return problems;
}

/** What a planted defect and the watch for leaks need. */
function listProofConflicts(
  input: WorkflowInputs[WorkflowName],
  { workflow, chosen }: { readonly workflow: WorkflowName; readonly chosen: readonly WaveName[] },
  nameKey: (key: string) => string,
): string[] {
  const problems: string[] = [];
  if (input.defect !== undefined && input.target !== undefined && !plantableTargets.includes(input.target))
    problems.push(`${nameKey('defect')}: none can be planted in ${input.target}; use ${plantableTargets.join(', ')}`);
  if (input.leakWatch === undefined) return problems;
  if (input.capacity !== undefined)
    problems.push(`${nameKey('leakWatch')}: a capacity search changes its load all the time; leave one of the two out`);
  const usualMs = (name: WaveName): number =>
    workflow === 'StabilityRun' ? leakWatchMsMin : waves[name].loadDurationMs;
  const shortestMs = statedLoadMs(input) ?? Math.min(...chosen.map(usualMs));
  if (shortestMs < leakWatchMsMin)
    problems.push(
      `${nameKey('leakWatch')}: leaks can be judged in a load of ${leakWatchMsMin / 1_000} s and more, and this one is ${shortestMs / 1_000} s long`,
    );
  return problems;
}

/** What an earlier cycle is to be taken over from, and from where on this one runs by itself. */
function listResumeConflicts(
  { from, previous }: Pick<AllWavesInput, 'from' | 'previous'>,
  chosen: readonly WaveName[],
  nameKey: (key: string) => string,
): string[] {
  const both = `${nameKey('from')} and ${nameKey('previous')} go together`;
  if (previous === undefined) return [`${both}: which earlier run has the waves before ${String(from)}?`];
  if (from === undefined) return [`${both}: from which wave on is to be run again?`];
  if (chosen.includes(from)) return [];
  return [`${nameKey('from')}: ${from} is none of the waves of this run, which are ${chosen.join(', ')}`];
}
