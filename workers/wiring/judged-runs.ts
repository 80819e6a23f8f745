import { stat } from 'node:fs/promises';
import type { JudgedKind, JudgedRun, VerdictDifference } from '#cli/judged-run.ts';
import type { Service } from '#cli/service.ts';
import type { ArchiveEntry, EntryOf } from '#evidence/archive/archive-entry.ts';
import { isCompressed } from '#evidence/archive/archive-lines.ts';
import { openArchive, verifyArchive } from '#evidence/archive/archive-reader.ts';
import { parseArchived } from '#evidence/archive/run-import.ts';
import { refusedEvidence } from '#evidence/unavailable.ts';
import type { JudgeRequest } from '#model/activities.ts';
import { canonicalJson } from '#model/canonical-json.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import { readJudgeBasis } from '#model/judge-basis.ts';
import { Plan } from '#model/plan.ts';
import type { Verdict } from '#model/verdict.ts';
import type { Context } from './context.ts';
import { UsageError } from './environment.ts';
import { judgeHere, verdictText } from './kept-verdict.ts';
import { planHashOf } from './run-plan.ts';
import { fromStore, usingArchive } from './store-errors.ts';
import { listDifferences } from './verdict-differences.ts';
import { reckonFrom } from './verdict-reckoner.ts';

/** Judges runs again from stored evidence alone (R6.5): from the store here, or from an archive, for which no server is needed. */
export function createJudgeDesk(context: Context): Pick<Service, 'kindsOf' | 'judgeRuns'> {
  return {
    kindsOf: (names) => Promise.all(names.map(kindOf)),
    async judgeRuns(names) {
      const judged: JudgedRun[] = [];
      for (const name of names) {
        const isArchive = (await kindOf(name)) === 'archive';
        const evidence = isArchive ? await readFromArchive(name) : await readFromStore(context, name);
        judged.push(await judgeAgain(context, evidence));
      }
      return judged;
    },
  };
}

async function kindOf(name: string): Promise<JudgedKind> {
  const found = await stat(name).catch(() => undefined);
  // A file that is not there is no run either: whoever reads it says so, and needs no store for that.
  if (found === undefined && /[.](ndjson|jsonl?)$/.test(name)) return 'series';
  if (found === undefined && name.endsWith('.soak')) return 'archive';
  if (found?.isFile() !== true) return 'run';
  return (await isCompressed(name)) ? 'archive' : 'series';
}

/** All that is needed to judge a run again, wherever it is from. */
interface RunEvidence {
  readonly name: string;
  readonly archive?: string;
  readonly run: EntryOf<'run'>;
  readonly kept: EntryOf<'verdict'> | undefined;
  readonly records: AsyncIterable<EvidenceRecord>;
}

async function readFromStore({ store }: Context, name: string): Promise<RunEvidence> {
  return fromStore(async () => {
    await store.migrate();
    const runKey = await store.resolveRun(name);
    if (runKey === undefined) {
      throw new UsageError([
        `${name}: there is no such file, and no such run in the evidence store here; soak list shows what there is`,
      ]);
    }
    return { name, ...(await readTold(store.entries(runKey))), records: store.reader().records(runKey) };
  });
}

/** The archive is read twice: what is judged is known to be whole. */
async function readFromArchive(path: string): Promise<RunEvidence> {
  const never = new AbortController().signal;
  const { run, verdict } = await usingArchive(path, () => verifyArchive(path, never));
  async function* records(): AsyncIterable<EvidenceRecord> {
    const { entries } = await openArchive(path, never);
    for await (const entry of entries) if (entry.entry === 'batch') yield* parseArchived(entry).records;
  }
  return { name: path, archive: path, run, kept: verdict, records: records() };
}

/** What stands before the records. */
async function readTold(entries: AsyncIterable<ArchiveEntry>): Promise<Pick<RunEvidence, 'run' | 'kept'>> {
  let run: EntryOf<'run'> | undefined;
  let kept: EntryOf<'verdict'> | undefined;
  for await (const entry of entries) {
    if (entry.entry === 'run') run = entry;
    else if (entry.entry === 'verdict') kept = entry;
    else break;
  }
  if (run === undefined) throw new Error('a run that was found in the evidence store is not there');
  return { run, kept };
}

async function judgeAgain({ environment }: Context, evidence: RunEvidence): Promise<JudgedRun> {
  const { run, archive } = evidence;
  const { plan, kept, request } = readBasis(evidence);
  const reckon = () => reckonFrom(plan, evidence.records, request);
  const { verdict } = await (archive === undefined ? fromStore(reckon) : usingArchive(archive, reckon));
  const here = judgeHere(environment.home);
  const text = verdictText(verdict);
  const differences = [...differencesOf(kept.verdict, text, verdict), ...ofResult(run, text, verdict)];
  return {
    ...{ run: run.runKey, workflowId: run.workflowId, ...(archive === undefined ? {} : { archive }) },
    outcome: verdict.outcome,
    told: {
      ...{ outcome: outcomeOf(kept.verdict), at: new Date(kept.judgedAt).toISOString() },
      ...{ judgeCode: kept.judgeCode, version: kept.version },
    },
    ...{ here, same: differences.length === 0, differences },
    ...{ isCodeChanged: kept.judgeCode !== here.judgeCode, verdict },
  };
}

/** The plan that was agreed, and what the judge was told besides. Throws `EvidenceRefused` when they do not belong together. */
function readBasis({ name, run, kept }: RunEvidence): { plan: Plan; kept: EntryOf<'verdict'>; request: JudgeRequest } {
  if (kept === undefined) throw noVerdict(name);
  const request = readJudgeBasis(kept.basis);
  if (request?.runKey !== run.runKey) {
    throw refusedEvidence(`${name}: what the run was judged by is not stored as this version of soakwave reads it`);
  }
  const plan = Plan.safeParse(run.plan).data;
  if (plan === undefined || planHashOf(plan) !== run.planHash || request.planHash !== run.planHash) {
    throw refusedEvidence(`${name}: the stored plan is not the one that the run agreed on: its hash is another`);
  }
  return { plan, kept, request };
}

function noVerdict(name: string): Error {
  const error = new Error(
    `${name} has no verdict to compare with: it has not been judged yet, or a version of soakwave judged it that did not` +
      ` keep what it judged by`,
  );
  error.name = 'NoVerdict';
  return error;
}

/** The texts decide whether it is the same; the list says in what it is not. */
function differencesOf(told: string, text: string, verdict: Verdict): VerdictDifference[] {
  if (told === text) return [];
  const found = listDifferences(told, verdict);
  return found.length > 0 ? found : [{ what: 'verdict', told: 'another text', now: 'the same in every part' }];
}

/** The report tells of the same verdict; a result that was changed, or is of another one, is a difference too. */
function ofResult({ result, outcome }: EntryOf<'run'>, text: string, verdict: Verdict): VerdictDifference[] {
  const told: unknown = (result as { verdict?: unknown } | null | undefined)?.verdict;
  const ofVerdict = told === undefined ? [] : differencesOf(canonicalJson(told), text, verdict);
  const inResult = ofVerdict.map((difference) => ({ ...difference, what: `${difference.what}, in result.json` }));
  if (outcome === undefined || outcome === verdict.outcome) return inResult;
  return [
    ...inResult,
    { what: 'outcome, of the run', told: JSON.stringify(outcome), now: JSON.stringify(verdict.outcome) },
  ];
}

function outcomeOf(verdict: string): string {
  try {
    return String((JSON.parse(verdict) as { outcome?: unknown } | null)?.outcome);
  } catch {
    return 'unreadable';
  }
}
