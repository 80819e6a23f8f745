import type { EvidenceRecord } from '#model/evidence.ts';
import { createLedger, type LedgerTotals } from '#model/ledger.ts';
import { type LoadPlan, totalLoadMs } from '#model/load-plan.ts';

/** The load of one run, added up anew from its evidence (R3.5). */
export interface LedgerAccount {
  readonly totals: LedgerTotals;
  /** What must never be: a second told twice, a second that does not balance, two engines of one shard at a time. */
  readonly problems: readonly string[];
  /** Start of the first second in which each engine's incarnation asked something, ms since the epoch. */
  readonly firstRequestAt: Readonly<Record<string, number>>;
}

interface Life {
  readonly shard: number;
  readonly incarnation: number;
  first: number;
  last: number;
}

const shown = 3;

export async function accountLedger(
  records: AsyncIterable<EvidenceRecord>,
  load: LoadPlan,
  startsAt: number,
): Promise<LedgerAccount> {
  const ledger = createLedger(load, startsAt);
  const told = new Set<string>();
  const repeated: string[] = [];
  const lives = new Map<string, Life>();
  const firstRequestAt: Record<string, number> = {};
  for await (const record of records) {
    if (record.kind !== 'ledger') continue;
    const { shard, incarnation, at } = record;
    const life = `engine-${shard}.${incarnation}`;
    // In the open model a second is told again when what was in flight of it has ended.
    if (load.model !== 'open' && told.has(`${life}@${at}`)) repeated.push(`${life} told the second of ${at} twice`);
    told.add(`${life}@${at}`);
    const lived = lives.get(life) ?? { shard, incarnation, first: at, last: at };
    lived.first = Math.min(lived.first, at);
    lived.last = Math.max(lived.last, at);
    lives.set(life, lived);
    if (record.requests > 0) firstRequestAt[life] = Math.min(firstRequestAt[life] ?? Infinity, at);
    ledger.add(record);
  }
  const unbalanced: string[] = [];
  const { totals, shards } = ledger.balance(startsAt + totalLoadMs(load), (second) => {
    if (!isBalanced(second)) unbalanced.push(`second ${second.at} of shard ${second.shard} does not balance`);
  });
  for (const each of shards) if (!isBalanced(each)) unbalanced.push(`shard ${each.shard} does not balance`);
  if (!isBalanced(totals)) unbalanced.push('the totals do not balance');
  return {
    totals,
    firstRequestAt,
    problems: [repeated, unbalanced, findOverlaps([...lives.values()])].flatMap((found) => found.slice(0, shown)),
  };
}

const isBalanced = ({ due, delivered, dropped, abandoned, unknown, inFlight }: LedgerTotals): boolean =>
  due === delivered + dropped + abandoned + unknown + inFlight;

/** A successor may begin in the second in which the one before it died, and in no earlier one. */
function findOverlaps(lives: readonly Life[]): string[] {
  return lives.flatMap((one) =>
    lives
      .filter((other) => other.shard === one.shard && other.incarnation > one.incarnation && other.first < one.last)
      .map((other) => `engines ${one.incarnation} and ${other.incarnation} of shard ${one.shard} ran at one time`),
  );
}
