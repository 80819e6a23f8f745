import { nearestWord } from '#model/spelling.ts';
import { UsageError } from '#workers/wiring/environment.ts';
import { parseCall } from './call.ts';
import { exitCodes } from './exit-codes.ts';
import { renderHelp } from './help.ts';
import { whenAborted } from './interruption.ts';
import type { Service } from './service.ts';
import type { Verb, VerbContext } from './verb.ts';
import { attach } from './verbs/attach.ts';
import { bench } from './verbs/bench.ts';
import { abort, extend, inject, pause, resolve, resume, scale } from './verbs/control.ts';
import { evidence } from './verbs/evidence.ts';
import { judge } from './verbs/judge.ts';
import { plan } from './verbs/plan.ts';
import { report } from './verbs/report.ts';
import { run } from './verbs/run.ts';
import { schedule } from './verbs/schedule.ts';
import { seed } from './verbs/seed.ts';
import { selftest } from './verbs/selftest.ts';
import { snapshot } from './verbs/snapshot.ts';
import { down, up } from './verbs/stack.ts';
import { doctor, list, status } from './verbs/state.ts';

export interface CommandLine extends Omit<VerbContext, 'service'> {
  readonly version: string;
  /** Called once, when a verb is about to run; nothing is connected for help or a usage error. */
  readonly createService: () => Service | Promise<Service>;
}

const control: readonly Verb[] = [pause, resume, abort, scale, inject, extend, resolve];
const verbs: readonly Verb[] = [
  doctor,
  plan,
  seed,
  run,
  attach,
  list,
  report,
  judge,
  evidence,
  ...control,
  schedule,
  snapshot,
  bench,
  selftest,
  status,
  up,
  down,
];

/**
 * Runs one `soak …` command line and answers with its exit status. A mistake of the user ends with one message that lists every
 * problem and 64; a failure of ours with a trace and 70 (R9.1).
 */
export async function runCommandLine(words: readonly string[], context: CommandLine): Promise<number> {
  const [first, ...rest] = words;
  if (first === '--version' || first === '-V') {
    context.out(context.version);
    return exitCodes.ok;
  }
  if (first === undefined || first === 'help' || isHelp(first)) {
    const topic = first === 'help' ? rest[0] : undefined;
    context.out(renderHelp(verbs, topic));
    return exitCodes.ok;
  }
  try {
    return await runVerb(findVerb(first), rest, context);
  } catch (error) {
    return describeError(error, context);
  }
}

const isHelp = (word: string): boolean => word === '--help' || word === '-h';

function findVerb(name: string): Verb {
  const verb = verbs.find((candidate) => candidate.name === name);
  if (verb !== undefined) return verb;
  const names = verbs.map((candidate) => candidate.name);
  const nearest = nearestWord(name, names);
  const hint = nearest === undefined ? `there are ${names.join(', ')}` : `did you mean soak ${nearest}?`;
  throw new UsageError([`${JSON.stringify(name)} is not a verb of soak; ${hint}`]);
}

async function runVerb(verb: Verb, words: readonly string[], context: CommandLine): Promise<number> {
  if (words.some(isHelp)) {
    context.out(renderHelp(verbs, verb.name));
    return exitCodes.ok;
  }
  const call = parseCall(verb, words);
  const problems = [...call.problems, ...(verb.check?.(call) ?? [])];
  if (problems.length > 0) throw new UsageError([...problems, `See soak ${verb.name} --help.`]);
  const service = await context.createService();
  try {
    const status = verb.run(call, { ...context, service });
    if (verb.detaches === true) return await status;
    const winner = await Promise.race([status, whenAborted(context.interrupted)]);
    return winner === 'interrupted' ? exitCodes.interrupted : winner;
  } finally {
    await Promise.race([service.close(), context.sleep(closeMsMax)]);
  }
}

/** What is slow to close must not hold the terminal. */
const closeMsMax = 2_000;

/** By name and not by `instanceof`, so that an error is recognised whichever copy of a module threw it. */
function describeError(error: unknown, { err }: CommandLine): number {
  if (error instanceof Error && error.name === 'UsageError') {
    err(error.message);
    return exitCodes.usage;
  }
  if (error instanceof Error && error.name === 'NotUp') {
    err(error.message);
    return exitCodes.notUp;
  }
  if (error instanceof Error && error.name === 'EvidenceRefused') {
    err(error.message);
    return exitCodes.evidence;
  }
  err(error instanceof Error ? (error.stack ?? error.message) : String(error));
  for (let cause = error instanceof Error ? error.cause : undefined; cause instanceof Error; cause = cause.cause) {
    err(`caused by ${cause.stack ?? cause.message}`);
  }
  return exitCodes.internal;
}
