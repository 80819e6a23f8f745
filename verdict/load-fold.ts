import type { EvidenceSummary, LoadPoint, NamedWindow } from '#model/evidence-summary.ts';
import { addTotals, emptyTotals, type Ledger, type LedgerGap, type LedgerSecond } from '#model/ledger.ts';
import { isInFault } from './fault-fold.ts';
import { overlaps } from './windows.ts';

type LoadSummary = Pick<EvidenceSummary, 'ledger' | 'iterations' | 'iterationsOutsideFaults' | 'outsideOutages'> & {
  readonly engineOutages: NamedWindow[];
  /** Iterations that failed in each of the unplanned outages, in their order. */
  readonly unplannedCosts: number[];
};

export interface LoadFoldInput {
  readonly ledger: Ledger;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly faultWindows: readonly NamedWindow[];
  readonly unplannedOutages: readonly NamedWindow[];
  readonly isOpen: boolean;
  /** What is in flight at the end may still end. */
  readonly goesOn: boolean;
  readonly onSecondOutsideFaults?: (second: LedgerSecond) => void;
}

const pointsMax = 2_000;
const gapsMax = 1_000;
/** After a gap its engine spawns its users again: until they are back, or for this long, that is the outage still. */
const returnMsMax = 60_000;
/** Iterations that begin at a rate need no way back: the second in which the engine is there again is its outage's last. */
const openReturnMsMax = 1_000;
const returnedShare = 0.99;
/** Open model: of the slowest iterations of a second some are cut off by a stop that came seconds later. */
const cutOffShareMin = 0.05;

/** Balances the ledger and sorts its seconds: in a fault or not, in an outage of the harness or not. */
export function foldLoad(input: LoadFoldInput): LoadSummary {
  const { ledger, startsAt, endsAt, faultWindows } = input;
  const points = createPoints(startsAt, endsAt);
  const outages = createOutages(endsAt, input.isOpen);
  const iterations = { ok: 0, failed: 0, abandoned: 0 };
  const outside = { ok: 0, failed: 0, abandoned: 0 };
  const outsideOutages = { due: 0, delivered: 0 };
  const unplannedCosts = input.unplannedOutages.map(() => 0);

  const onSecond = (second: LedgerSecond): void => {
    points.add(second);
    addIterations(iterations, second);
    if (!isInFault(faultWindows, second.at, second.at + 1_000)) {
      addIterations(outside, second);
      input.onSecondOutsideFaults?.(second);
    }
    for (const [index, outage] of input.unplannedOutages.entries()) {
      if (!overlaps(outage, second.at, second.at + 1_000)) continue;
      unplannedCosts[index] = (unplannedCosts[index] ?? 0) + second.iterationsFailed;
    }
    if (!outages.isOut(second)) {
      // What an engine had in flight when it died is the outage's, and what is in flight now is not late yet.
      outsideOutages.due += second.due - second.unknown - second.inFlight;
      outsideOutages.delivered += second.delivered;
    }
  };
  const { totals, shards, gaps } = ledger.balance(endsAt, onSecond, input.goesOn);
  return {
    ledger: {
      totals,
      shards: [...shards],
      gaps: capped(gaps),
      points: points.list(),
    },
    iterations,
    iterationsOutsideFaults: outside,
    outsideOutages,
    unplannedCosts,
    engineOutages: outages.windows(),
  };
}

const capped = (gaps: readonly LedgerGap[]): LedgerGap[] => gaps.slice(0, gapsMax);

/**
 * Seconds come shard by shard, in order. An outage is a gap and the seconds after it until the users are back; the second
 * before it too, when the engine was told to end and cut off what was due of it.
 */
function createOutages(
  endsAt: number,
  isOpen: boolean,
): { isOut(second: LedgerSecond): boolean; windows(): NamedWindow[] } {
  const found: NamedWindow[] = [];
  let current: { name: string; from: number; to: number } | undefined;
  let recordedAgainAt: number | undefined;
  const backMsMax = isOpen ? openReturnMsMax : returnMsMax;

  function isOut({ shard, at, due, delivered, abandoned, recorded }: LedgerSecond): boolean {
    const name = `engine-${shard}`;
    const isSame = current?.name === name && current.to === at;
    if (!isSame) recordedAgainAt = undefined;
    // At the end of the load that is nobody's absence.
    const isCutOff = recorded && abandoned > (isOpen ? due * cutOffShareMin : 0) && at + 1_000 < endsAt;
    if (recorded && !isCutOff) {
      if (!isSame || current === undefined) return false;
      recordedAgainAt ??= at;
      if (delivered >= due * returnedShare || at - recordedAgainAt >= backMsMax) return false;
    } else if (due === 0) {
      return false;
    }
    if (!recorded || isCutOff) recordedAgainAt = undefined;
    if (isSame && current !== undefined) {
      current.to = at + 1_000;
    } else {
      current = { name, from: at, to: at + 1_000 };
      found.push(current);
    }
    return true;
  }
  return { isOut, windows: () => found };
}

function createPoints(startsAt: number, endsAt: number): { add(second: LedgerSecond): void; list(): LoadPoint[] } {
  const pointSeconds = Math.max(1, Math.ceil((endsAt - startsAt) / 1_000 / pointsMax));
  const points = new Map<number, LoadPoint>();
  // The last point may be shorter than the others.
  const secondsFrom = (at: number): number => Math.min(pointSeconds, Math.ceil((endsAt - at) / 1_000));
  return {
    add(second) {
      const index = Math.floor((second.at - startsAt) / 1_000 / pointSeconds);
      const at = startsAt + index * pointSeconds * 1_000;
      const point = points.get(index) ?? { at, seconds: secondsFrom(at), ...emptyTotals(), gapSeconds: 0 };
      points.set(index, point);
      addTotals(point, second);
      if (!second.recorded && second.due > 0) point.gapSeconds = Math.min(point.seconds, point.gapSeconds + 1);
    },
    list: () => [...points.values()].sort((a, b) => a.at - b.at),
  };
}

function addIterations(sum: { ok: number; failed: number; abandoned: number }, second: LedgerSecond): void {
  sum.ok += second.iterationsOk;
  sum.failed += second.iterationsFailed;
  sum.abandoned += second.iterationsAbandoned;
}
