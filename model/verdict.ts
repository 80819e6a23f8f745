import * as z from 'zod';

export const Outcome = z.enum(['pass', 'inconclusive', 'fail']);
export type Outcome = z.infer<typeof Outcome>;

const onDemand = [
  'latency-local-reads-p99',
  'latency-federation',
  'latency-analytics',
  'harness-memory',
  'handle-leak',
  'gc-pauses',
  'latency-creep',
] as const;

/** Every question that a plan can promise to answer (design §4). */
export const questions = [
  'seeding-reconciled',
  'load-delivered',
  'samples-present',
  'operations-checked',
  'error-rate',
  'no-lost-write',
  'no-scope-leak',
  'faults-healed',
  'generator-not-saturated',
  'stationary',
  'no-unplanned-death',
  'latency-local-reads',
  'memory-gateways',
  'database-connections',
  'cache-hit-ratio',
  'capacity',
  'memory-leak',
  ...onDemand,
] as const;
export const Question = z.enum(questions);
export type Question = z.infer<typeof Question>;

/** Put only where they can be answered and somebody, or the run's length, asks for them: else a plan does not speak of them. */
export const questionsOnDemand: readonly Question[] = onDemand;

/** Whom a bad answer points to. `generator` is all of the harness: what drives, samples and orchestrates. */
export const Party = z.enum(['target', 'environment', 'generator']);
export type Party = z.infer<typeof Party>;

export const Attribution = z.strictObject({ to: Party, reason: z.string() });
export type Attribution = z.infer<typeof Attribution>;

/** The answer to one question. `reason` is one sentence with the figures it rests on. */
export const Answer = z.strictObject({
  question: Question,
  outcome: Outcome,
  reason: z.string(),
  /** Measured figure and the limit it was held against, where there is one; unit in `unit`. */
  measured: z.number().optional(),
  limit: z.number().optional(),
  unit: z.string().optional(),
  /** Of an answer that is no pass, where there is evidence of who it points to; absent in verdicts of earlier versions. */
  attribution: Attribution.optional(),
  /** Between these the true figure is, where `measured` is an estimate. */
  between: z.tuple([z.number(), z.number()]).optional(),
});
export type Answer = z.infer<typeof Answer>;

/** Shown beside the verdict, never judged: what this run could not answer, and why. */
export const NotCovered = z.strictObject({ question: Question, reason: z.string(), measured: z.string().optional() });
export type NotCovered = z.infer<typeof NotCovered>;

/** The worst answer wins, and silence never passes: no answers at all is inconclusive. */
export const Verdict = z.strictObject({
  outcome: Outcome,
  headline: z.string(),
  answers: z.array(Answer),
  notCovered: z.array(NotCovered),
});
export type Verdict = z.infer<typeof Verdict>;

const severity = { pass: 0, inconclusive: 1, fail: 2 } as const satisfies Record<Outcome, number>;

export function worstOutcome(outcomes: readonly Outcome[]): Outcome {
  const [first, ...rest] = outcomes;
  if (first === undefined) return 'inconclusive';
  return rest.reduce<Outcome>((worst, next) => (severity[next] > severity[worst] ? next : worst), first);
}
