import { setTimeout as sleep } from 'node:timers/promises';
import type { Inquiry } from '#loadtest/inquiry.ts';
import { journalWriters, readJournals } from '#loadtest/journal-file.ts';
import { type ReadBack, type ReadBackOptions, readBackWrites } from '#loadtest/read-back.ts';
import type { StoredObjects } from '#loadtest/stored-objects.ts';
import type { RunRef } from '#model/activities.ts';
import type { EvidenceSink, FindingRecord, ReadBackRecord } from '#model/evidence.ts';
import { epochsPerPlacing } from '#model/held.ts';
import { readIdentities } from '#seeding/identities.ts';
import { readWrittenTools } from '#seeding/written-tools.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import type { Context } from './context.ts';
import { loopbackHosts, runTagOf } from './places.ts';

/** Who deletes at the end what load left: its journal is read after those of the engines. */
export const verifyWriter = 'verify';

const concurrency = 4;
/** While load goes on, reading back must not become load of its own. */
const askedBesideLoadMax = 2_000;
const tryForMs = 60_000;
const retryMs = 2_000;
const namedMax = 20;
const detailMax = 400;

/** Everything that asks the target on behalf of a run's durability oracle (R7.4). */
export async function createOracle(
  context: Context,
  run: RunRef,
  signal: AbortSignal,
): Promise<ReadBackOptions & Inquiry> {
  const plan = await context.readPlan(run);
  const { baseUrl, databaseUrl } = context.stackAddress();
  const { population } = plan;
  const count = Math.min(plan.load.usersMax, population.users);
  const namePrefix = `soak-${runTagOf(run.runKey)}-`;
  return {
    ...{ baseUrl, allowedHosts: loopbackHosts, speech: context.speech(plan), concurrency, signal },
    identities: await readIdentities({ databaseUrl, plan: population, count }),
    stored: rowsOfKnown(
      readWrittenTools({ databaseUrl, plan: population, schema: referenceTarget.schema }),
      namePrefix,
      () => journalWriters(context.runPlaces(run).writes),
    ),
    journals: () => readJournals(context.runPlaces(run).writes, verifyWriter),
    namePrefix,
    cacheBoundMs: referenceTarget.cacheBoundMs,
  };
}

/**
 * Leaves out the rows that engines on other hosts wrote, for as long as their journals are there and not here: nobody here can
 * say what they should be. Such an engine is known by its number, which is that of a placing over several hosts.
 * @internal
 */
export function rowsOfKnown(
  stored: StoredObjects,
  namePrefix: string,
  writers: () => Promise<ReadonlySet<string>>,
): StoredObjects {
  return {
    async *pages(prefix) {
      for await (const page of stored.pages(prefix)) {
        // After the page: an engine whose row is in it had its journal by then.
        const known = page.some(({ name }) => isOfPlacing(name)) ? await writers() : noWriters;
        yield page.filter(({ name }) => !isOfPlacing(name) || known.has(writerOf(name) ?? ''));
      }
    },
    among: (objectIds) => stored.among(objectIds),
  };

  function isOfPlacing(name: string): boolean {
    return Number(partsOf(name)?.[2] ?? 0) > epochsPerPlacing;
  }
  function writerOf(name: string): string | undefined {
    const [, shard, incarnation] = partsOf(name) ?? [];
    return shard === undefined || incarnation === undefined ? undefined : `engine-${shard}.${incarnation}`;
  }
  function partsOf(name: string): RegExpExecArray | null {
    return name.startsWith(namePrefix) ? /^(\d+)-(\d+)-/.exec(name.slice(namePrefix.length)) : null;
  }
}

const noWriters: ReadonlySet<string> = new Set();

/**
 * Reads back beside the load what was written before, now that a fault is over. What is wrong becomes findings; a target that
 * cannot be read for a minute leaves no record, and the verdict says that it was not read back. Rejects when the worker shuts
 * down: whoever tries the step again reads back instead.
 */
export async function readBackAfter(
  context: Context,
  run: RunRef,
  { fault, sink, signal }: { fault: string; sink: EvidenceSink; signal: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + tryForMs;
  while (!signal.aborted) {
    try {
      const oracle = await createOracle(context, run, signal);
      const back = await readBackWrites({ ...oracle, askedMax: askedBesideLoadMax });
      sink.append(readBackRecord(fault, back));
      for (const detail of back.lost.slice(0, namedMax)) sink.append(findingOf('lost-write', fault, detail));
      for (const detail of back.resurrected.slice(0, namedMax)) sink.append(findingOf('resurrected', fault, detail));
      return;
    } catch (error) {
      context.log.warn({ runKey: run.runKey, fault, reason: String(error) }, 'what was written is not read back yet');
      if (Date.now() >= deadline) return;
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
  if (isShuttingDown(signal)) signal.throwIfAborted();
}

const isShuttingDown = ({ reason }: AbortSignal): boolean =>
  reason instanceof Error && reason.message === 'WORKER_SHUTDOWN';

export function readBackRecord(source: string, { checked, indeterminate, written }: ReadBack): ReadBackRecord {
  const { deleted, untracked } = written.counts();
  const present = written.objects.size + written.creations.size - indeterminate;
  return { kind: 'read-back', at: Date.now(), source, present, deleted, indeterminate, checked, untracked };
}

const findingOf = (finding: 'lost-write' | 'resurrected', fault: string, detail: string): FindingRecord => ({
  ...{ kind: 'finding', at: Date.now(), source: `read-back-${fault}`, finding },
  detail: `after ${fault}, ${detail}`.slice(0, detailMax),
});
