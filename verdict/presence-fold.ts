import type { IncarnationRecord, SampleRecord } from '#model/evidence.ts';
import type { NamedWindow, ProcessSummary } from '#model/evidence-summary.ts';
import { roleKind } from '#model/roles.ts';
import { createLives } from './maps.ts';
import { clipWindows, overlaps, type Window } from './windows.ts';

/** Which processes were alive when, which of their samples are there, and when nobody sampled at all (R6.2). */
export interface PresenceFold {
  addSample(record: SampleRecord): void;
  addIncarnation(record: IncarnationRecord): void;
  summary(): { processes: ProcessSummary[]; samplerOutages: NamedWindow[]; downtimes: NamedWindow[] };
}

export interface PresenceBounds {
  readonly load: Window | undefined;
  /** Paused time owes no samples, and an outage of the sampler in it is none. */
  readonly pauses?: readonly Window[];
  readonly intervalMs: number;
}

interface Presence {
  readonly role: string;
  readonly incarnation: number;
  seenAt: number;
  seenLast: number;
  goneAt: number | undefined;
  readonly ticks: Uint8Array;
}

const processesMax = 2_000;
/**
 * Nothing at all sampled for this many ticks is an outage; a shorter hole may be a tick that came late, unless another sampler
 * begins right after it: then the one before had died.
 */
const outageTicksMin = 2;

/** Folds records in any order. Only ticks within the load are expected and counted. */
export function createPresenceFold({ load, pauses = [], intervalMs }: PresenceBounds): PresenceFold {
  const ticksMax = load === undefined ? 0 : Math.ceil((load.to - load.from) / intervalMs);
  const lives = createLives<Presence>(processesMax);
  const anybody = new Uint8Array(ticksMax);

  const presence = (role: string, incarnation: number, at: number): Presence | undefined =>
    lives.of(role, incarnation, () => ({
      ...{ role, incarnation, seenAt: at, seenLast: at, goneAt: undefined, ticks: new Uint8Array(ticksMax) },
    }));

  function addSample({ at, role, incarnation }: SampleRecord): void {
    if (roleKind(role) === 'machine') return;
    const process = presence(role, incarnation, at);
    if (process === undefined) return;
    process.seenAt = Math.min(process.seenAt, at);
    process.seenLast = Math.max(process.seenLast, at);
    if (load === undefined || at < load.from || at >= load.to) return;
    const tick = Math.floor((at - load.from) / intervalMs);
    process.ticks[tick] = Math.min(255, (process.ticks[tick] ?? 0) + 1);
    // An engine samples itself: its samples say nothing about the sampler.
    if (roleKind(role) !== 'engine') anybody[tick] = 1;
  }

  function addIncarnation({ at, role, incarnation, event }: IncarnationRecord): void {
    const process = presence(role, incarnation, at);
    if (process === undefined) return;
    if (event === 'seen') {
      process.seenAt = Math.min(process.seenAt, at);
      process.seenLast = Math.max(process.seenLast, at);
    } else {
      process.goneAt = Math.min(process.goneAt ?? Infinity, at);
    }
  }

  return {
    addSample,
    addIncarnation,
    summary() {
      const processes = [...lives.all].sort(byIdentity);
      const successors = processes.filter(({ role }) => role === 'sampler').slice(1);
      const restarts = successors.map(({ seenAt }) => seenAt);
      const samplerOutages = load === undefined ? [] : findOutages(anybody, restarts, { load, pauses, intervalMs });
      const bounds = load && { load, intervalMs, notOwed: [...samplerOutages, ...pauses] };
      return {
        processes: processes.map((process, index) => summarise(process, processes[index + 1], bounds)),
        samplerOutages,
        downtimes: load === undefined ? [] : findDowntimes(processes, load),
      };
    },
  };
}

interface ExpectationBounds {
  readonly load: Window;
  readonly intervalMs: number;
  /** When nobody could sample, or nothing was planned. */
  readonly notOwed: readonly Window[];
}

function summarise(
  process: Presence,
  next: Presence | undefined,
  bounds: ExpectationBounds | undefined,
): ProcessSummary {
  const { role, incarnation, seenAt } = process;
  // What died while nobody looked was never said to be gone: its successor tells that it was.
  const goneAt = goneFor(process) ?? (next?.role === role ? process.seenLast : undefined);
  const identity = { role, incarnation, seenAt, ...(goneAt !== undefined && { goneAt }) };
  let samplesExpected = 0;
  let samplesPresent = 0;
  for (const [tick, samples] of process.ticks.entries()) {
    if (bounds === undefined) break;
    const from = bounds.load.from + tick * bounds.intervalMs;
    const to = from + bounds.intervalMs;
    // The ticks in which a process is born or dies may have a sample or not.
    const isAlive = from >= seenAt + bounds.intervalMs && (goneAt === undefined || to <= goneAt - bounds.intervalMs);
    const isNotOwed = bounds.notOwed.some((window) => overlaps(window, from, to));
    if (!isAlive || isNotOwed || to > bounds.load.to) continue;
    samplesExpected += 1;
    // Ticks drift by a millisecond over the edge of an interval: two samples in the next one are not a missing one.
    const isShifted = (process.ticks[tick - 1] ?? 0) > 1 || (process.ticks[tick + 1] ?? 0) > 1;
    if (samples > 0 || isShifted) samplesPresent += 1;
  }
  return { ...identity, samplesExpected, samplesPresent };
}

function findOutages(
  anybody: Uint8Array,
  restarts: readonly number[],
  { load, pauses, intervalMs }: { load: Window; pauses: readonly Window[]; intervalMs: number },
): NamedWindow[] {
  const outages: NamedWindow[] = [];
  let empty = 0;
  for (let tick = 0; tick <= anybody.length; tick += 1) {
    const begins = load.from + tick * intervalMs;
    const isEmpty = anybody[tick] === 0 && !pauses.some((pause) => overlaps(pause, begins, begins + intervalMs));
    if (tick < anybody.length && isEmpty) {
      empty += 1;
      continue;
    }
    const from = load.from + (tick - empty) * intervalMs;
    const to = load.from + tick * intervalMs;
    const hasRestarted = restarts.some((at) => at >= from && at <= to + intervalMs);
    if (empty >= outageTicksMin || (empty > 0 && hasRestarted)) outages.push({ name: 'sampler', from, to });
    empty = 0;
  }
  return clipWindows(outages, load);
}

/** Between an incarnation's end and the next one's beginning; to the end of the load where none followed. */
function findDowntimes(processes: readonly Presence[], load: Window): NamedWindow[] {
  const downtimes = processes.flatMap((process, index) => {
    const goneAt = goneFor(process);
    const next = processes[index + 1];
    const follows = next?.role === process.role ? next : undefined;
    // Replaced between two looks: down for less than a tick, but down.
    const from = goneAt ?? (follows === undefined ? undefined : Math.min(process.seenLast, follows.seenAt));
    return from === undefined ? [] : [{ name: process.role, from, to: follows?.seenAt ?? load.to }];
  });
  return clipWindows(downtimes, load);
}

/** A process that was sampled after it was said to be gone was not gone: a sampler's successor sees it again. */
function goneFor({ goneAt, seenLast }: Presence): number | undefined {
  return goneAt !== undefined && goneAt >= seenLast ? goneAt : undefined;
}

const byIdentity = (a: Presence, b: Presence): number =>
  a.role < b.role ? -1 : a.role > b.role ? 1 : a.incarnation - b.incarnation;
