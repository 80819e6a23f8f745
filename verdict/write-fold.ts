import type { ReadBackRecord, WriteRecord } from '#model/evidence.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';

/** Objects kept: about 200 MB at the bound. Past it, records of further objects are counted and not followed. */
const objectsMax = 4_000_000;
const readBacksMax = 1_000;
/** Of two states at one moment the later in this list counts. */
const states = ['indeterminate', 'present', 'deleted'] as const;

interface WriteFold {
  add(record: WriteRecord): void;
  addReadBack(record: ReadBackRecord): void;
  summary(): EvidenceSummary['writes'];
}

/**
 * What load wrote, by the last read-back. Where there is none, by single `write` records in any order, as older runs
 * have them; `drainedAt` is when load wrote no more.
 */
export function createWriteFold(drainedAt: number): WriteFold {
  const single = createSingleFold(drainedAt);
  const final: ReadBackRecord[] = [];
  const others = new Map<string, ReadBackRecord>();
  return {
    add: (record) => {
      single.add(record);
    },
    addReadBack(record) {
      if (record.source === 'verify') final.push(record);
      else if (others.has(record.source) || others.size < readBacksMax) others.set(record.source, record);
      final.sort((a, b) => a.at - b.at).splice(1, Math.max(0, final.length - 2));
    },
    summary() {
      const readBacks = [...others.values()]
        .sort((a, b) => a.at - b.at)
        .map(({ source, at, checked }) => ({ fault: source, at, checked }));
      const rest = readBacks.length === 0 ? {} : { readBacks };
      const [first] = final;
      const last = final.at(-1);
      if (first === undefined || last === undefined) return { ...single.summary(), ...rest };
      const { present, deleted, indeterminate, untracked } = last;
      // The first was there before any leftover was deleted.
      return { present, deleted, indeterminate, untracked, liveAtEnd: first.present + first.indeterminate, ...rest };
    },
  };
}

function createSingleFold(drainedAt: number) {
  // Time and state in one number: a map of numbers costs a quarter of one of objects.
  const last = new Map<number, number>();
  let untracked = 0;
  return {
    add({ objectId, at, state }: WriteRecord): void {
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
