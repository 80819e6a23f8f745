import type { Window } from './windows.ts';

/** The load cut into slots of one width, which what was bad and what was in the way are counted in. */
export interface Slots {
  readonly count: number;
  readonly widthMs: number;
  /** Undefined outside the load. */
  indexOf(at: number): number | undefined;
  windowOf(index: number): Window;
}

/** As long as a histogram of an operation; of a long load, what keeps the slots within their bound. */
const widthMsMin = 10_000;
const slotsMax = 20_000;

export function createSlots(load: Window | undefined): Slots {
  const { from, to } = load ?? { from: 0, to: 0 };
  const widthMs = Math.max(widthMsMin, Math.ceil((to - from) / slotsMax));
  return {
    widthMs,
    count: Math.ceil((to - from) / widthMs),
    indexOf: (at) => (at < from || at >= to ? undefined : Math.floor((at - from) / widthMs)),
    windowOf: (index) => ({ from: from + index * widthMs, to: Math.min(to, from + (index + 1) * widthMs) }),
  };
}

interface Moment {
  at: number;
  value: number;
}

/** By how much a counter grew, and over how long. */
export interface Growth {
  readonly by: number;
  readonly ms: number;
}

/** One counter of one process, by slot: its first and its last value in each, whatever order they come in. */
export interface SlotCounter {
  add(slot: number, at: number, value: number): void;
  /** From the end of the slot before, where there is one; undefined where nothing can be told, or the counter began anew. */
  growthIn(slot: number): Growth | undefined;
}

export function createSlotCounter(): SlotCounter {
  const slots = new Map<number, { first: Moment; last: Moment }>();
  return {
    add(slot, at, value) {
      const known = slots.get(slot);
      if (known === undefined) {
        slots.set(slot, { first: { at, value }, last: { at, value } });
        return;
      }
      // Of two at one moment, which an engine and the sampler may tell of, the order must not decide.
      if (at < known.first.at || (at === known.first.at && value < known.first.value)) known.first = { at, value };
      if (at > known.last.at || (at === known.last.at && value > known.last.value)) known.last = { at, value };
    },
    growthIn(slot) {
      const here = slots.get(slot);
      if (here === undefined) return undefined;
      const base = slots.get(slot - 1)?.last ?? here.first;
      const [by, ms] = [here.last.value - base.value, here.last.at - base.at];
      return by < 0 || ms <= 0 ? undefined : { by, ms };
    },
  };
}
