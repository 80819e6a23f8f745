import type { JudgeRequest } from '#model/activities.ts';
import { Checkpoint, checkpointCharactersMax, checkpointReasonsMax } from '#model/checkpoint.ts';
import { operationsOfLoad } from '#model/driver-promises.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import { isLeakLook } from '#model/leak-looks.ts';
import type { Plan } from '#model/plan.ts';
import { planAsSteered } from '#model/schedule.ts';
import { foldEvidence } from '#verdict/fold.ts';
import { judgeSoFar } from '#verdict/so-far.ts';
import type { Context } from './context.ts';

export interface CheckpointRequest extends JudgeRequest {
  readonly number: number;
}

/** Evidence comes to the store within some fifteen seconds. Who has stored nothing for this long is out, and that is told. */
const lagMsMax = 5 * 60_000;

/**
 * Folds what is stored of a run so far, and judges it provisionally. All of it each time, in memory that does not grow with
 * the run: 48 hours of one engine's evidence take about a minute.
 */
export async function reckonCheckpoint(context: Context, request: CheckpointRequest): Promise<Checkpoint> {
  const startedAt = Date.now();
  const { runKey, number, loadStartsAt = startedAt } = request;
  const plan = planAsSteered(await context.readPlan(request), request.stages);
  const upTo = Math.max(loadStartsAt, presentOf(plan, await context.store.storedUntil(runKey), startedAt));
  const counted = countRecords(context.store.reader().records(runKey));
  const evidence = await foldEvidence({ records: counted.records, plan, loadStartsAt, loadEndsAt: upTo, goesOn: true });
  const { outcome, headline, answers } = judgeSoFar({
    plan,
    evidence,
    operations: operationsOfLoad(plan.load),
    steps: request.steps,
    seeded: request.seeded,
    checkpoint: number,
  });
  const leak = answers.find(({ question, outcome }) => question === 'memory-leak' && outcome === 'fail');
  const stored = await context.store.saveCheckpoint(runKey, {
    ...{ number, upTo, outcome, headline: headline.slice(0, checkpointCharactersMax) },
    reasons: answers
      .filter((answer) => answer.outcome !== 'pass')
      .slice(0, checkpointReasonsMax)
      .map(({ question, reason }) => `${question}: ${reason}`.slice(0, checkpointCharactersMax)),
    ...(leak !== undefined && isLeakLook(plan, number) && { certain: leak.reason.slice(0, checkpointCharactersMax) }),
    ...{ seconds: (Date.now() - startedAt) / 1_000, records: counted.count() },
  });
  return Checkpoint.strip().parse(stored); // what it took stays in the store
}

/** Up to here the evidence of every engine and of the sampler is stored: a whole second, and never the future. */
function presentOf(plan: Plan, storedUntil: ReadonlyMap<string, number>, now: number): number {
  const producers = ['sampler', ...plan.load.shards.map(({ shard }) => `engine-${shard}`)];
  const slowest = Math.min(...producers.map((producer) => storedUntil.get(producer) ?? 0));
  return Math.floor(Math.max(slowest, now - lagMsMax) / 1_000) * 1_000 - 1_000;
}

function countRecords(source: AsyncIterable<EvidenceRecord>): {
  records: AsyncIterable<EvidenceRecord>;
  count(): number;
} {
  let count = 0;
  async function* records(): AsyncIterable<EvidenceRecord> {
    for await (const record of source) {
      count += 1;
      yield record;
    }
  }
  return { records: records(), count: () => count };
}
