import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import type { ScenarioOutline } from '#model/load-driver.ts';
import { nearestWord } from '#model/spelling.ts';
import type { ScenarioTask } from '../scenario.ts';

/** A scenario as it is run: checked, and with defaults. */
export interface LoadedScenario {
  readonly outline: ScenarioOutline;
  readonly iterationMsMax: number;
  /** In the order of the outline's classes. */
  readonly tasks: readonly Readonly<Record<string, ScenarioTask>>[];
}

export type ScenarioReading =
  { readonly ok: true; readonly scenario: LoadedScenario } | { readonly ok: false; readonly problems: string[] };

const problemsMax = 50;
const iterationMsDefault = 60_000;
const tasksMax = 100;

/**
 * Imports a scenario's file, which runs what is at its top level, and checks what it exports. Never throws: what is wrong
 * is said a sentence a problem, in words for whoever wrote the file.
 */
export async function loadScenario(path: string): Promise<ScenarioReading> {
  const url = pathToFileURL(path).href;
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(url)) as { readonly default?: unknown };
  } catch (error) {
    return { ok: false, problems: [describeImport(error, url)] };
  }
  return parseScenario('default' in loaded ? loaded.default : undefined);
}

/**
 * Checks a default export; see `loadScenario`.
 * @internal
 */
export function parseScenario(exported: unknown): ScenarioReading {
  if (exported === undefined)
    return refused(['it has no default export; a scenario is `export default { classes: [ … ] }`']);
  if (exported === null || typeof exported !== 'object' || Array.isArray(exported)) {
    return refused([`its default export is ${nameOf(exported)}; a scenario is an object with \`classes\``]);
  }
  const parsed = ScenarioShape.safeParse(exported);
  const problems = parsed.success
    ? listContradictions(parsed.data)
    : parsed.error.issues.flatMap((issue) => describeIssue(issue, exported));
  if (!parsed.success || problems.length > 0) return refused(problems);
  return { ok: true, scenario: withDefaults(parsed.data) };
}

const refused = (problems: string[]): ScenarioReading => ({ ok: false, problems: problems.slice(0, problemsMax) });

const weight = z.int().min(0).max(1_000);
const thinkMs = z.int().min(0).max(3_600_000);
const named = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,59}$/, 'at most 60 letters, digits and dashes');

const TaskShape = z.strictObject({
  weight,
  run: z.custom<ScenarioTask['run']>((run) => typeof run === 'function', 'it must be a function'),
});
const ClassShape = z.strictObject({
  name: named,
  weight,
  thinkTimeMs: z.tuple([thinkMs, thinkMs]).optional(),
  tasks: z.record(named, TaskShape),
});
const ScenarioShape = z.strictObject({
  classes: z.array(ClassShape).min(1).max(20),
  operations: z.array(z.string().min(1).max(80)).max(150).optional(),
  requests: z.enum(['any', 'reads', 'none']).optional(),
  iterationMsMax: z.int().min(100).max(3_600_000).optional(),
});
type ScenarioShape = z.infer<typeof ScenarioShape>;

function listContradictions({ classes, operations = [] }: ScenarioShape): string[] {
  const problems: string[] = [];
  if (classes.every((each) => each.weight === 0))
    problems.push('classes: the weights sum to 0, so nobody would be of any class');
  for (const name of repeated(classes.map((each) => each.name))) problems.push(`classes: two are called ${name}`);
  for (const name of repeated(operations)) problems.push(`operations: ${name} is named twice`);
  for (const [index, { name, tasks, thinkTimeMs }] of classes.entries()) {
    const of = `classes[${index}] (${name})`;
    const weights = Object.values(tasks).map((task) => task.weight);
    if (weights.length === 0) problems.push(`${of}: there are no tasks`);
    else if (weights.every((each) => each === 0))
      problems.push(`${of}: the weights of its tasks sum to 0, so it would never do anything`);
    if (weights.length > tasksMax) problems.push(`${of}: ${weights.length} tasks; at most ${tasksMax} are allowed`);
    if (thinkTimeMs !== undefined && thinkTimeMs[0] > thinkTimeMs[1]) {
      problems.push(`${of}: thinkTimeMs is [shortest, longest], and ${thinkTimeMs[0]} is more than ${thinkTimeMs[1]}`);
    }
  }
  return problems;
}

const repeated = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

/** Classes and tasks of weight 0 are taken out: they would be given a user each. */
function withDefaults({ classes, operations = [], requests = 'any', iterationMsMax }: ScenarioShape): LoadedScenario {
  const kept = classes
    .filter((each) => each.weight > 0)
    .map(({ tasks, ...each }) => ({
      ...each,
      tasks: Object.fromEntries(Object.entries(tasks).filter(([, task]) => task.weight > 0)),
    }));
  return {
    outline: {
      classes: kept.map(({ name, weight: share, thinkTimeMs, tasks }) => ({
        ...{
          name,
          weight: share,
          tasks: Object.fromEntries(Object.entries(tasks).map(([task, { weight: of }]) => [task, of])),
        },
        ...(thinkTimeMs === undefined ? {} : { thinkTimeMs }),
      })),
      operations: [...operations],
      requests,
    },
    iterationMsMax: iterationMsMax ?? iterationMsDefault,
    tasks: kept.map(({ tasks }) => tasks),
  };
}

function describeIssue(issue: z.core.$ZodIssue, exported: object): string[] {
  const at = placeOf(issue.path, exported);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${at}${describeUnknownKey(key, issue.path)}`);
  if (issue.code === 'invalid_key') return [`${at}the name of a task is ${issue.issues[0]?.message ?? 'not allowed'}`];
  const given = issue.path.reduce<unknown>(memberOf, exported);
  const what = given === undefined ? 'it is missing; ' : `given is ${nameOf(given)}; `;
  return [`${at}${what}${issue.code === 'custom' ? issue.message : wantedBy(issue)}`];
}

const keysAt: readonly (readonly string[])[] = [
  Object.keys(ScenarioShape.shape),
  Object.keys(ClassShape.shape),
  Object.keys(TaskShape.shape),
];

function describeUnknownKey(key: string, path: readonly PropertyKey[]): string {
  const known = keysAt[path.length / 2] ?? [];
  const nearest = nearestWord(key, known);
  return `${JSON.stringify(key)} is not a key; ${nearest === undefined ? `there are ${known.join(', ')}` : `did you mean ${nearest}?`}`;
}

function wantedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `it must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `allowed are ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' ? 'there must be at least one' : `it must be at least ${issue.minimum}`;
    case 'too_big':
      return `it must be at most ${issue.maximum}${issue.origin === 'array' ? ' items' : ''}`;
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return `it must be ${issue.message}`;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  array: 'a list',
  tuple: 'a pair [shortest, longest]',
  record: 'an object with a task by name',
  object: 'an object',
};

/** `classes[1] (browser): tasks.list.run: ` */
function placeOf(path: readonly PropertyKey[], exported: object): string {
  if (path.length === 0) return '';
  const words = path.map((part, index) =>
    typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
  );
  const owner =
    path[0] === 'classes' && path.length > 2
      ? memberOf(path.slice(0, 2).reduce<unknown>(memberOf, exported), 'name')
      : undefined;
  if (typeof owner !== 'string') return `${words.join('')}: `;
  return `${words.slice(0, 2).join('')} (${owner}): ${words.slice(2).join('').replace(/^\./, '')}: `;
}

const memberOf = (value: unknown, key: PropertyKey): unknown =>
  value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined;

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object') return 'an object';
  return (JSON.stringify(value) as string | undefined)?.slice(0, 60) ?? typeof value;
}

/** What Node says when it cannot import a file, with the line that it says it of. */
function describeImport(error: unknown, url: string): string {
  if (!(error instanceof Error)) return `it threw ${nameOf(error)} when it was loaded`;
  const line = new RegExp(`${escaped(url)}:(\\d+)`).exec(error.stack ?? '')?.[1];
  const where = line === undefined ? '' : `line ${line}: `;
  const [said = ''] = error.message.split('\n');
  if (error.name === 'SyntaxError') return `it does not compile: ${where}${said}`;
  const { code } = error as { code?: unknown };
  if (code === 'ERR_MODULE_NOT_FOUND') {
    const missing = /^Cannot find (?:module|package) '([^']+)'/.exec(said)?.[1] ?? 'what it imports';
    return `it imports ${missing}, which is not there; a scenario is one file, because a copy of it is what runs`;
  }
  return `${where}it threw when it was loaded: ${error.name}: ${said}`;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
