import { nearestWord } from '#model/spelling.ts';
import { formatDuration } from '#model/figures.ts';
import { createDisplay } from '../display.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { whenAborted } from '../interruption.ts';
import { accountFor, outcomeOf } from '../selftest-account.ts';
import { listCases, secondsExpected, type SelftestCase, selftestNames, shortCases } from '../selftest-cases.ts';
import { driveCase, type DrivenCase } from '../selftest-drive.ts';
import type { SelftestReport } from '../selftest-report.ts';
import { renderSelftest } from '../selftest-text.ts';
import { type Call, jsonFlag, type Verb, type VerbContext } from '../verb.ts';

type Case = SelftestReport['cases'][number];

export const selftest: Verb = {
  name: 'selftest',
  summary: 'plant each defect in the reference gateway and see it found, run a healthy one and see it pass',
  flags: [
    { name: 'only', value: 'NAME,…', kind: 'list', means: `with their healthy twins: ${selftestNames.join(', ')}` },
    { name: 'short', kind: 'switch', means: `the quickest ones: ${shortCases.join(', ')}` },
    { name: 'seed', value: 'N', kind: 'number', means: 'random seed of data, load and defects (default 20260101)' },
    { ...jsonFlag, means: 'progress to stderr, the account as last line of stdout' },
  ],
  examples: [
    ['soak selftest', 'is everything found that there is to be found, and nothing else'],
    ['soak selftest --only connection-leak,gc-storm', 'these two and a healthy run like theirs'],
    ['soak selftest --short --json', 'some minutes, for a script'],
  ],
  check: listProblems,
  detaches: true,
  run: runSelftest,
};

function listProblems({ flags }: Call): string[] {
  const problems = namesOf(flags['only']).flatMap((name) => {
    if (selftestNames.includes(name)) return [];
    const nearest = nearestWord(name, selftestNames);
    return [`--only: there is no ${name}; ${nearest === undefined ? `there are ${selftestNames.join(', ')}` : `did you mean ${nearest}?`}`]; // prettier-ignore
  });
  const { seed } = flags;
  if (seed !== undefined && !(Number.isInteger(seed) && Number(seed) >= 0 && Number(seed) <= 0xffff_ffff))
    problems.push('--seed: a whole number from 0 to 4294967295');
  if (flags['only'] !== undefined && flags['short'] === true) problems.push('--only and --short: use one of the two');
  return problems;
}

const namesOf = (value: Call['flags'][string] | undefined): string[] => [value ?? []].flat().map(String);

async function runSelftest({ flags }: Call, context: VerbContext): Promise<number> {
  const { service } = context;
  const asJson = flags['json'] === true;
  const say = asJson ? context.err : context.out;
  const chosen = flags['short'] === true ? shortCases : namesOf(flags['only']);
  const cases = listCases(chosen.length === 0 ? selftestNames : chosen);
  say(`${cases.length} runs, one after the other, about ${formatDuration(secondsExpected(cases) * 1_000)}: ${cases.map(({ name }) => name).join('; ')}`); // prettier-ignore
  const isOurs = !(await isUp(context));
  const startedAt = context.now();
  try {
    const started = await Promise.race([service.up(say), whenAborted(context.interrupted)]);
    const seed = typeof flags['seed'] === 'number' ? flags['seed'] : undefined;
    const done = started === 'interrupted' ? [] : await runCases(cases, context, { seed, asJson });
    const report = { outcome: outcomeOf(done), cases: done, seconds: Math.round((context.now() - startedAt) / 1_000) };
    context.out(asJson ? JSON.stringify(report) : renderSelftest(report, context.terminal.colour));
    if (context.interrupted.aborted) return exitCodes.interrupted;
    return exitCodeOf[done.length < cases.length && report.outcome === 'pass' ? 'inconclusive' : report.outcome];
  } finally {
    // What was up before stays up; every run is kept and can be looked at again.
    if (isOurs) {
      const { stopped } = await service.down({ abort: true, purge: false });
      say(`Stopped ${stopped.join(', ')}; \`soak up\` and \`soak list\` show the runs again.`);
    }
  }
}

async function isUp({ service }: VerbContext): Promise<boolean> {
  const { processes } = await service.status();
  return processes.some(({ role, state }) => role === 'supervisor' && state === 'running');
}

async function runCases(
  cases: readonly SelftestCase[],
  context: VerbContext,
  { seed, asJson }: { readonly seed: number | undefined; readonly asJson: boolean },
): Promise<Case[]> {
  const display = createDisplay(context, asJson);
  const done: Case[] = [];
  for (const [index, asked] of cases.entries()) {
    display.say(`[${index + 1}/${cases.length}] ${asked.name}: ${describeWanted(asked)}`);
    const beganAt = context.now();
    // The data set stays for the next case, which has its gateways started anew.
    const keep = index + 1 < cases.length ? 'stack' : 'nothing';
    const driven = await driveCase(asked, context, { seed, keep, display });
    display.end();
    const account = await accountOf(asked, driven, context);
    done.push({ ...account, seconds: Math.round((context.now() - beganAt) / 1_000), runId: driven.handle.runKey });
    display.say(`[${index + 1}/${cases.length}] ${asked.name}: ${account.result}. ${account.why}`);
    if (driven.end === 'interrupted' || isHopeless(driven)) break;
  }
  return done;
}

const describeWanted = ({ expected }: SelftestCase): string =>
  expected === undefined ? 'nothing may be found' : `${expected.question} has to find it`;

/** What keeps this run from its start keeps the next ones. */
const isHopeless = ({ end }: DrivenCase): boolean =>
  typeof end === 'object' && 'failed' in end && ['StackBusy', 'PreflightFailed', 'InvalidInput'].includes(end.type);

async function accountOf(asked: SelftestCase, { handle, end, undisturbed }: DrivenCase, { service }: VerbContext) {
  const broken = (why: string) => ({ name: asked.name, result: 'broken' as const, failed: [], why });
  if (end === 'interrupted' || end === 'late') return broken(`the run was ${end}, and was aborted`);
  if ('failed' in end) return broken(`${end.type}: ${end.failed}`);
  if (undisturbed !== undefined) return broken(undisturbed);
  const run = await service.endedRun(handle.runKey);
  return run === undefined ? broken('the run left no result that can be read') : accountFor(asked, run);
}
