import { hasIntendedStarts, type LoadPlan } from '#model/load-plan.ts';
import type { Outcome, Question } from '#model/verdict.ts';

/** Each question as one would ask it. */
export const wordings: Readonly<Record<Question, string>> = {
  'seeding-reconciled': 'Is the data set what was planned?',
  'load-delivered': 'Was the planned load delivered?',
  'samples-present': 'Was everything watched, every second?',
  'operations-checked': 'Was every operation answered and checked?',
  'error-rate': 'Did iterations succeed outside faults?',
  'no-lost-write': 'Is every acknowledged write still true?',
  'no-scope-leak': 'Did everybody see only what they may?',
  'faults-healed': 'Did every fault bite, and heal in time?',
  'generator-not-saturated': 'Had the load generator room to spare?',
  stationary: 'Was the target left as it was found?',
  'no-unplanned-death': 'Did everything stay alive?',
  'latency-local-reads': 'Were local reads fast enough?',
  'memory-gateways': 'Did the gateways fit their memory?',
  'database-connections': 'Were database connections within bounds?',
  'cache-hit-ratio': 'Did the caches hit?',
  capacity: 'How much load can it carry?',
  'memory-leak': 'Does memory leak?',
  'latency-local-reads-p99': 'Were the slowest local reads fast enough?',
  'latency-federation': 'Were federation aggregates fast enough?',
  'latency-analytics': 'Were analytics and bulk fast enough?',
  'harness-memory': 'Does the harness itself leak?',
  'handle-leak': 'Are files, threads and connections given back?',
  'gc-pauses': 'Did garbage collection leave time to work?',
  'latency-creep': 'Is the last answer as quick as the first?',
};

export const outcomeWords: Readonly<Record<Outcome, string>> = {
  pass: 'Pass',
  inconclusive: 'Inconclusive',
  fail: 'Fail',
};

/** A mark beside the word, so that colour is never the only sign. */
export const outcomeMarks: Readonly<Record<Outcome, string>> = { pass: '✓', inconclusive: '?', fail: '✕' };

/** `2026-11-23 18:02:10 UTC` */
export const formatMoment = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** Time since the start of the load: `0:24`, `-0:34`, `1:02:10`. */
export function formatOffset(offsetMs: number): string {
  const seconds = Math.abs(Math.round(offsetMs / 1_000));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  const clock = hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
  return offsetMs < 0 && seconds > 0 ? `−${clock}` : clock;
}

/** Which time the latencies of a load are (R3.3), in a few words. */
export const latencyWords = (load: LoadPlan): string =>
  hasIntendedStarts(load) ? 'latency from the intended start' : 'service time (closed model)';

/** The same in a sentence. */
export const latencySentence = (load: LoadPlan): string =>
  hasIntendedStarts(load)
    ? 'Latencies of an iteration’s first request are from the time that it was meant to begin, so that waiting for a user or for the generator is in them; those of its later requests, and service times, are from when they were sent.'
    : 'Latencies are service times (closed model: a virtual user waits for its answer before it goes on).';
