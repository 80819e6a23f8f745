import type { Verifier } from '#activities/verify.ts';
import { uploadSpool } from '#evidence/upload.ts';
import { createSpool } from '#evidence/spool.ts';
import { deleteLeftovers, readBackWrites } from '#loadtest/read-back.ts';
import { auditScope } from '#loadtest/scope-audit.ts';
import type { RunRef, Verification } from '#model/activities.ts';
import type { WriteRecord } from '#model/evidence.ts';
import { countGrownTools } from '#seeding/growth.ts';
import { readIdentities } from '#seeding/identities.ts';
import { reconcileSeed } from '#seeding/reconcile.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import type { Context } from './context.ts';
import { deliveryIncarnation } from './delivery.ts';
import { loopbackHosts } from './places.ts';

const concurrency = 4;
/** Users whose whole view is listed and held against the population. */
const auditedMax = 20;

export function createVerifier(context: Context): Verifier {
  return {
    async verify(run, beat) {
      const plan = await context.readPlan(run);
      const { baseUrl, databaseUrl } = context.stackAddress();
      const ask = {
        baseUrl,
        allowedHosts: loopbackHosts,
        speech: context.speech(plan),
        concurrency,
        signal: beat.signal,
      };
      const slots = Math.min(plan.load.virtualUsers, plan.population.users);
      const identities = await readIdentities({ databaseUrl, plan: plan.population, count: slots });
      await storeOwnSpool(context, run, beat.signal); // of an earlier delivery of this activity
      const back = await readBackWrites({ ...ask, identities, writes: writesOf(context, run) });
      beat.progress({ readBack: back.checked });
      const audit = await auditScope({
        ...ask,
        identities: identities.slice(0, auditedMax),
        seededTools: plan.population.tools,
      });
      await removeLeftovers(context, run, (record) =>
        deleteLeftovers({ ...ask, ...record, identities, remaining: back.remaining }),
      );
      const seed = await reconcileSeed({ databaseUrl, plan: plan.population, schema: referenceTarget.schema });
      return {
        checked: back.checked,
        lost: back.lost,
        resurrected: back.resurrected,
        indeterminate: back.indeterminate,
        remaining: await countGrownTools({ databaseUrl, plan: plan.population, schema: referenceTarget.schema }),
        scopeAudited: audit.identities,
        scopeDifferences: audit.differences,
        seedDifferences: seed.differences,
      } satisfies Verification;
    },
  };
}

async function* writesOf(context: Context, run: RunRef): AsyncIterable<WriteRecord> {
  for await (const record of context.store.reader().records(run.runKey)) {
    if (record.kind === 'write') yield record;
  }
}

/** Each removal is recorded like any write, so that a second delivery expects what the first one did. */
async function removeLeftovers(
  context: Context,
  run: RunRef,
  remove: (options: { record: (write: WriteRecord) => void }) => Promise<unknown>,
): Promise<void> {
  const { spool } = context.runPlaces(run);
  const sink = createSpool({ folder: spool, producer: 'verify', incarnation: deliveryIncarnation() });
  try {
    await remove({
      record: (write) => {
        sink.append(write);
      },
    });
  } finally {
    await sink.close();
  }
}

async function storeOwnSpool(context: Context, run: RunRef, signal: AbortSignal): Promise<void> {
  const folder = context.runPlaces(run).spool;
  const isAlive = (producer: string): boolean => producer !== 'verify';
  await uploadSpool({ folder, store: context.store, runKey: run.runKey, includeOpen: true, isAlive, signal });
}
