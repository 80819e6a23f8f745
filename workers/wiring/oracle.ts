import { setTimeout as sleep } from 'node:timers/promises';
import type { Inquiry } from '#loadtest/inquiry.ts';
import { readJournals } from '#loadtest/journal-file.ts';
import { type ReadBack, type ReadBackOptions, readBackWrites } from '#loadtest/read-back.ts';
import type { RunRef } from '#model/activities.ts';
import type { EvidenceSink, FindingRecord, ReadBackRecord } from '#model/evidence.ts';
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
  return {
    ...{ baseUrl, allowedHosts: loopbackHosts, speech: context.speech(plan), concurrency, signal },
    identities: await readIdentities({ databaseUrl, plan: population, count }),
    stored: readWrittenTools({ databaseUrl, plan: population, schema: referenceTarget.schema }),
    journals: () => readJournals(context.runPlaces(run).writes, verifyWriter),
    namePrefix: `soak-${runTagOf(run.runKey)}-`,
    cacheBoundMs: referenceTarget.cacheBoundMs,
  };
}

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
