import type { Verifier } from '#activities/verify.ts';
import { packBatch } from '#evidence/batch.ts';
import { createSpool } from '#evidence/spool.ts';
import { deleteLeftovers } from '#loadtest/leftovers.ts';
import { type ReadBack, type ReadBackOptions, readBackWrites } from '#loadtest/read-back.ts';
import { auditScope } from '#loadtest/scope-audit.ts';
import { createWriteJournal } from '#loadtest/write-journal.ts';
import type { WrittenObjects } from '#loadtest/written-objects.ts';
import type { RunRef, Verification } from '#model/activities.ts';
import type { WriteRecord } from '#model/evidence.ts';
import { reconcileSeed } from '#seeding/reconcile.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import type { Context } from './context.ts';
import { deliveryIncarnation } from './delivery.ts';
import { fetchJournals } from './journal-transfer.ts';
import { createOracle, readBackRecord, verifyWriter } from './oracle.ts';

/** Users whose whole view is listed and held against the population. */
const auditedMax = 20;
const batchRecords = 5_000;

export function createVerifier(context: Context): Verifier {
  return {
    async verify(run, unheard, beat) {
      const plan = await context.readPlan(run);
      const { databaseUrl } = context.stackAddress();
      const folder = context.runPlaces(run).writes;
      await fetchJournals({ store: context.store, runKey: run.runKey, folder, signal: beat.signal });
      const oracle = await createOracle(context, run, beat.signal);
      const back = await readBackWrites(oracle);
      beat.progress({ readBack: back.checked });
      await storeFinalStates(context, run, back.written);
      await appendReadBack(context, run, back);
      const audit = await auditScope({
        ...oracle,
        identities: oracle.identities.slice(0, auditedMax),
        seededTools: plan.population.tools,
      });
      await removeLeftovers(context, run, { oracle, back });
      const seed = await reconcileSeed({ databaseUrl, plan: plan.population, schema: referenceTarget.schema });
      return {
        checked: back.checked,
        lost: back.lost,
        resurrected: back.resurrected,
        indeterminate: back.indeterminate,
        remaining: await countThere(oracle),
        scopeAudited: audit.identities,
        scopeDifferences: audit.differences,
        seedDifferences: seed.differences,
        ...(unheard.length === 0 ? {} : { unheard }),
      } satisfies Verification;
    },
  };
}

/** What the run created and is in the target's database still: its net growth (R1.7). */
async function countThere({ stored, namePrefix }: ReadBackOptions): Promise<number> {
  let count = 0;
  for await (const page of stored.pages(namePrefix)) count += page.length;
  return count;
}

/** Each removal is kept like any write, so that a second delivery expects what the first one did. */
async function removeLeftovers(
  context: Context,
  run: RunRef,
  { oracle, back }: { oracle: ReadBackOptions; back: ReadBack },
): Promise<void> {
  const journal = createWriteJournal({
    ...{ folder: context.runPlaces(run).writes, writer: verifyWriter, incarnation: deliveryIncarnation() },
    // It knows nothing of the objects that engines wrote, so it never begins anew.
    fileBytesMax: Infinity,
  });
  try {
    await deleteLeftovers({ ...oracle, remaining: back.remaining, journal });
  } finally {
    await journal.close();
  }
}

async function appendReadBack(context: Context, run: RunRef, back: ReadBack): Promise<void> {
  const { spool } = context.runPlaces(run);
  const sink = createSpool({ folder: spool, producer: verifyWriter, incarnation: deliveryIncarnation() });
  sink.append(readBackRecord(verifyWriter, back));
  await sink.close();
}

/** The store holds the final state of every object that is alive; what a second delivery finds of them is less and changes nothing. */
async function storeFinalStates(context: Context, run: RunRef, written: WrittenObjects): Promise<void> {
  const identity = { runKey: run.runKey, producer: 'objects', incarnation: 1 };
  let sequence = 0;
  let records: WriteRecord[] = [];
  const save = async (): Promise<void> => {
    if (records.length === 0) return;
    const lines = records.map((record) => JSON.stringify(record));
    await context.store.saveBatch(await packBatch({ ...identity, sequence }, { records, lines, refused: 0 }));
    sequence += 1;
    records = [];
  };
  for (const [objectId, { ownerId, values, change }] of written.objects) {
    const [value] = values;
    const state = change === undefined && values.length === 1 ? 'present' : 'indeterminate';
    const description = (value?.description ?? '').slice(0, 200);
    records.push({ kind: 'write', at: Date.now(), objectId, state, ownerId, description });
    if (records.length >= batchRecords) await save();
  }
  await save();
}
