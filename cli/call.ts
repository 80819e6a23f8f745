import { nearestWord } from '#model/spelling.ts';
import type { Call, Flag, FlagValue, Verb } from './verb.ts';

/**
 * Takes a command line apart by what its verb declares. Never stops at the first mistake: every unknown flag, missing value and
 * surplus word becomes a problem (R9.1). `--flag value`, `--flag=value` and a closing `--` are understood; a negative number is a value.
 */
export function parseCall(verb: Verb, words: readonly string[]): Call {
  const operands: string[] = [];
  const flags: Record<string, FlagValue> = {};
  const problems: string[] = [];
  let index = 0;
  const next = (): string | undefined => words[index++];
  for (let word = next(); word !== undefined; word = next()) {
    if (word === '--') {
      operands.push(...words.slice(index));
      break;
    }
    if (!/^-[^\d.]/.test(word)) {
      operands.push(word);
      continue;
    }
    const [name, inline] = splitFlag(word);
    const flag = verb.flags.find((candidate) => `--${candidate.name}` === name);
    if (flag === undefined) {
      problems.push(describeUnknown(name, verb));
      // What follows an unknown flag is most likely its value; taking it for a wave would be a second, misleading problem.
      if (inline === undefined && isValue(words[index])) index += 1;
      continue;
    }
    const before = flags[flag.name];
    if (before !== undefined && flag.isRepeatable !== true) problems.push(`${name} is given twice`);
    const given = flag.kind === 'switch' ? inline : (inline ?? (isValue(words[index]) ? next() : undefined));
    const read = readValue(flag, given);
    if (read.problem === undefined) flags[flag.name] = added(before, read.value);
    else problems.push(read.problem);
  }
  return { operands, flags, problems: [...problems, ...listSurplus(verb, operands)] };
}

const added = (before: FlagValue | undefined, value: FlagValue): FlagValue =>
  Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;

function splitFlag(word: string): [name: string, inline: string | undefined] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

const isValue = (word: string | undefined): boolean => word !== undefined && !/^-[^\d.]/.test(word);

function readValue(
  flag: Flag,
  given: string | undefined,
): { value: FlagValue; problem?: undefined } | { problem: string } {
  if (flag.kind === 'switch') {
    return given === undefined
      ? { value: true }
      : { problem: `--${flag.name} takes no value, given ${JSON.stringify(given)}` };
  }
  if (given === undefined || given === '') return { problem: `--${flag.name} needs a value: ${flag.means}` };
  if (flag.kind === 'list') return { value: given.split(',').filter((part) => part !== '') };
  const number = Number(given);
  // What is no number stays text, so that the schema can say what it wanted and what it got.
  return { value: flag.kind === 'number' && Number.isFinite(number) ? number : given };
}

function describeUnknown(name: string, verb: Verb): string {
  const known = ['help', ...verb.flags.map((flag) => flag.name)];
  const nearest = nearestWord(name.replace(/^-+/, ''), known);
  return `${name} is not a flag of soak ${verb.name}; ${
    nearest === undefined ? `see soak ${verb.name} --help` : `did you mean --${nearest}?`
  }`;
}

function listSurplus(verb: Verb, operands: readonly string[]): string[] {
  const most = verb.operand?.most ?? 0;
  if (operands.length <= most) return [];
  const surplus = operands
    .slice(most)
    .map((word) => JSON.stringify(word))
    .join(', ');
  return [
    `soak ${verb.name} takes ${most === 0 ? 'no words' : `at most ${most} ${verb.operand?.name ?? ''}`}: ${surplus} is too much`,
  ];
}
