import type { WriteRecord } from '#model/evidence.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';

/** Objects kept: about 200 MB at the bound. Past it, records of further objects are counted and not followed. */
const objectsMax = 4_000_000;
/** Of two states at one moment the later in this list counts. */
const states = ['indeterminate', 'present', 'deleted'] as const;

/** The last recorded state of every object that load wrote, from records in any order; `drainedAt` is when load wrote no more. */
export function createWriteFold(drainedAt: number): {
  add(record: WriteRecord): void;
  summary(): EvidenceSummary['writes'];
} {
  // Time and state in one number: a map of numbers costs a quarter of one of objects.
  const last = new Map<number, number>();
  let untracked = 0;
  return {
    add({ objectId, at, state }) {
      const there = last.get(objectId);
      if (there === undefined && last.size >= objectsMax) {
        untracked += 1;
        return;
      }
      const next = Math.round(at) * states.length + states.indexOf(state);
      if (there === undefined || next > there) last.set(objectId, next);
    },
    summary() {
      const sum = { present: 0, deleted: 0, indeterminate: 0, liveAtEnd: 0, untracked };
      for (const packed of last.values()) {
        const state = states[packed % states.length] ?? 'indeterminate';
        sum[state] += 1;
        // What was deleted after the load was there at its end.
        if (state === 'present' || packed / states.length > drainedAt + 1) sum.liveAtEnd += 1;
      }
      return sum;
    },
  };
}
