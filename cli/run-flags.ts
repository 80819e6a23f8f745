import { resolve } from 'node:path';
import { BehaviourName, MixName } from '#model/behaviour-class.ts';
import { defectNames } from '#model/defect.ts';
import { allDriverKeys } from '#model/load-driver.ts';
import { inputSchemas, parseInput } from '#model/parse-input.ts';
import { objectiveNames } from '#model/objective.ts';
import { WorkflowName } from '#model/plan.ts';
import { SeedProfile } from '#model/population-plan.ts';
import { nearestWord } from '#model/spelling.ts';
import { questions } from '#model/verdict.ts';
import type { Call, Flag, FlagValue } from './verb.ts';

/** Spelt out in the help, where a value's name does not do it. */
const allowed = {
  profile: SeedProfile.options,
  mix: MixName.options,
  weights: BehaviourName.options,
  objectives: objectiveNames,
  without: questions,
  defect: defectNames,
} as const;

/** One of the `objectives` each. */
const objectiveFlag = 'objective';

/** Every key of a workflow's input as a flag; the sentences are the schema's own. */
export const inputFlags: readonly Flag[] = [
  flagFor('users', 'number', 'N'),
  flagFor('duration', 'text', 'LENGTH'),
  flagFor('spawnRate', 'number', 'N'),
  flagFor('arrivalRate', 'number', 'PER_SECOND'),
  flagFor('stages', 'text', 'STAGE,…'),
  flagFor('pacing', 'text', 'LENGTH'),
  flagFor('connections', 'number', 'N'),
  flagFor('capacity', 'switch'),
  flagFor('scale', 'number', 'SHARE'),
  flagFor('seed', 'number', 'N'),
  flagFor('profile', 'text', 'NAME'),
  flagFor('mix', 'text', 'NAME'),
  flagFor('weights', 'list', 'CLASS=N,…'),
  flagFor('scenario', 'text', 'FILE'),
  flagFor('locustfile', 'text', 'FILE'),
  flagFor('k6', 'text', 'FILE'),
  flagFor('target', 'text', 'NAME'),
  flagFor('faults', 'text', 'planned|none'),
  flagFor('defect', 'list', 'NAME[=N],…'),
  flagFor('leakWatch', 'list', 'SLOPE,…'),
  flagFor('growth', 'switch'),
  flagFor('shards', 'number', 'N'),
  flagFor('instances', 'number', 'N'),
  flagFor('window', 'text', 'LENGTH'),
  flagFor('warmUp', 'text', 'LENGTH'),
  flagFor('windowsPerExecution', 'number', 'N'),
  flagFor('windowsPerCheckpoint', 'number', 'N'),
  flagFor('toTheEnd', 'switch'),
  { ...flagFor('objectives', 'list', 'NAME=VALUE,…'), name: objectiveFlag, isRepeatable: true },
  flagFor('without', 'list', 'QUESTION,…'),
  flagFor('keep', 'text', 'stack|nothing'),
  flagFor('onBlocked', 'text', 'wait|abort'),
  flagFor('ifBusy', 'text', 'fail|wait'),
  { name: 'from', value: 'WAVE', kind: 'text', means: 'of AllWaves: run this wave and the later ones' },
  { name: 'previous', value: 'RUN', kind: 'text', means: 'of AllWaves: the earlier cycle that has the waves before' },
  { name: 'workflow', value: 'NAME', kind: 'text', means: `${WorkflowName.options.join(', ')} (default SoakWave)` },
];

export interface RunOrder {
  readonly workflow: WorkflowName;
  /** As it goes to the workflow: durations are text, nothing is defaulted. */
  readonly input: Readonly<Record<string, unknown>>;
}

/**
 * What a command line asks to be run, and everything that is wrong with it, by the same rules as a workflow's input.
 * `waveName` is how the wave is given there.
 */
export function readRunOrder(call: Call, waveName = 'WAVE'): { order: RunOrder; problems: string[] } {
  const named = call.flags['workflow'] ?? 'SoakWave';
  const known = WorkflowName.safeParse(named);
  const workflow = known.data ?? 'SoakWave';
  const input = readInput(workflow, call);
  const problems = known.success ? [] : [describeWorkflow(String(named))];
  const parsed = parseInput(workflow, input, (key) =>
    key === 'wave' || key === 'waves' ? waveName : `--${toName(key)}`,
  );
  if (!parsed.ok) problems.push(...parsed.problems);
  problems.push(...listTwice(call.flags[objectiveFlag]));
  return { order: { workflow, input }, problems };
}

function readInput(workflow: WorkflowName, { operands, flags }: Call): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(flags)) {
    const flag = inputFlags.find((candidate) => candidate.name === name);
    if (flag !== undefined && name !== 'workflow') input[toKey(name)] = readValue(name, value);
  }
  if (operands.length === 0) return input;
  return workflow === 'AllWaves' ? { ...input, waves: operands } : { ...input, wave: operands[0] };
}

function readValue(name: string, value: FlagValue): unknown {
  if (name === 'weights' || name === objectiveFlag) return readPairs(value);
  return isFile(toKey(name)) ? resolve(String(value)) : value;
}

/** Of two thresholds for one objective, nobody knows which is meant. */
function listTwice(value: FlagValue | undefined): string[] {
  const names = Array.isArray(value) ? value.map((pair) => pair.split('=')[0] ?? '') : [];
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => `--${objectiveFlag}: ${name} is given twice`);
}

/** `writer=2,power-user=1`, `p99Ms=300`; what is not of this form is left to the schema to refuse. */
function readPairs(value: FlagValue): unknown {
  if (!Array.isArray(value)) return value;
  return Object.fromEntries(
    value.map((pair) => {
      const [name = '', ...rest] = pair.split('=');
      const text = rest.join('=');
      const number = Number(text);
      return [name, text === '' || Number.isNaN(number) ? text : number];
    }),
  );
}

/** Only `AllWaves` takes more than one wave. */
export function listSurplusWaves({ workflow }: RunOrder, { operands }: Call, waveName = 'WAVE'): string[] {
  if (workflow === 'AllWaves' || operands.length <= 1) return [];
  return [
    `${workflow} takes one ${waveName}, given are ${operands.join(', ')}; --workflow AllWaves runs several in order`,
  ];
}

function describeWorkflow(given: string): string {
  const nearest = nearestWord(given, WorkflowName.options);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return `--workflow: given ${JSON.stringify(given)}; allowed are ${WorkflowName.options.join(', ')}${hint}`;
}

/** A path means what it means where the command is called; whoever reads it is elsewhere. */
const isFile = (key: string): boolean => allDriverKeys.some((driverKey) => driverKey === key);

const toKey = (name: string): string =>
  name === objectiveFlag ? 'objectives' : name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

function toName(key: string): string {
  if (key === 'objectives') return objectiveFlag;
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

type InputKey = keyof typeof inputSchemas.SoakWave.shape;

function flagFor(key: InputKey, kind: Flag['kind'], value?: string): Flag {
  // The schema's sentence, without the requirement that it cites for its own readers.
  const said = (inputSchemas.SoakWave.shape[key].description ?? key).replace(/ \(R[\d.]+\)$/, '');
  const means = key in allowed ? `${said}: ${allowed[key as keyof typeof allowed].join(', ')}` : said;
  return { name: toName(key), kind, means, ...(value === undefined ? {} : { value }) };
}
