import type * as z from 'zod';
import { BehaviourName } from './behaviour-class.ts';
import { objectiveNames } from './objective.ts';
import { nearestWord } from './spelling.ts';

interface Judged {
  readonly input: object;
  readonly issues: readonly z.core.$ZodIssue[];
  readonly workflow: string;
  readonly keys: readonly string[];
  readonly nameKey: (key: string) => string;
}

/** Says what a schema found wrong, a sentence a problem, in words for whoever typed the input (R9.1). At most 50. */
export function listInputProblems(judged: Judged): string[] {
  return judged.issues.flatMap((issue) => describeIssue(issue, judged)).slice(0, problemsMax);
}

const problemsMax = 50;
/** Of the keys whose value has keys of its own. */
const innerKeys: Readonly<Record<string, readonly string[]>> = {
  weights: BehaviourName.options,
  stages: ['name', 'duration', 'users', 'rate'],
  objectives: objectiveNames,
};
const durationKeys: ReadonlySet<string> = new Set(['duration', 'window', 'pacing', 'warmUp']);

function describeIssue(issue: z.core.$ZodIssue, judged: Judged): string[] {
  if (issue.code === 'unrecognized_keys') {
    const [outer] = issue.path;
    return issue.keys.map((key) =>
      outer === undefined ? describeUnknownKey(key, judged) : describeInnerKey(key, String(outer), judged),
    );
  }
  const given = issue.path.reduce<unknown>(memberOf, judged.input);
  const key = namePath(issue.path, judged);
  if (issue.code === 'invalid_type' && durationKeys.has(String(issue.path[0]))) {
    return [`${key}: given ${shorten(given)}; a duration is text, a number and a unit: "30s", "15m", "48h"`];
  }
  if (given === undefined && issue.path.length === 1) return [`${key} is missing; ${allowedBy(issue)}`];
  return [`${key}: given ${shorten(given)}; ${allowedBy(issue)}${suggest(issue, given)}`];
}

function describeInnerKey(key: string, outer: string, { nameKey }: Judged): string {
  const allowed = innerKeys[outer] ?? [];
  const nearest = nearestWord(key, allowed);
  const hint = `allowed are ${allowed.join(', ')}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
  return `${nameKey(outer)}: ${shorten(key)} is not known; ${hint}`;
}

function describeUnknownKey(key: string, { workflow, keys, nameKey }: Judged): string {
  const nearest = nearestWord(key, keys);
  const hint =
    nearest === undefined ? `allowed are ${keys.map(nameKey).join(', ')}` : `did you mean ${nameKey(nearest)}?`;
  return `${shorten(key)} is not a key of ${workflow}'s input; ${hint}`;
}

function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `allowed ${issue.values.length === 1 ? 'is' : 'are'} ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return `it must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `it must ${issue.inclusive === true ? 'be at least' : 'be more than'} ${issue.minimum}${unitOf(issue.origin, issue.minimum)}`;
    case 'too_big':
      return `it must be at most ${issue.maximum}${unitOf(issue.origin, issue.maximum)}`;
    case 'invalid_format':
    case 'custom':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

function unitOf(origin: string, count: number | bigint): string {
  if (origin !== 'array') return '';
  return count === 1 ? ' item' : ' items';
}

function suggest(issue: z.core.$ZodIssue, given: unknown): string {
  if (issue.code !== 'invalid_value' || typeof given !== 'string') return '';
  const nearest = nearestWord(given, issue.values.map(String));
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

const namePath = ([first, ...rest]: readonly PropertyKey[], { nameKey }: Judged): string =>
  [nameKey(String(first)), ...rest.map((part) => `[${String(part)}]`)].join('');

const memberOf = (value: unknown, key: PropertyKey): unknown =>
  value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined;

/** Input is quoted in messages, so it is cut to a stated length. */
function shorten(given: unknown): string {
  const text = JSON.stringify(given) as string | undefined;
  if (text === undefined) return 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
