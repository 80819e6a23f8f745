import type { Outcome } from '#model/verdict.ts';

/** What every verb's exit status means; scripts rely on these. */
export const exitCodes = {
  /** The verdict is pass, or the verb did what it was asked. */
  ok: 0,
  fail: 1,
  /** No verdict could be reached, for lack of evidence or because the run did not end as planned. */
  inconclusive: 2,
  /** The command line, the environment or the input is wrong; nothing was started. */
  usage: 64,
  /** Stored evidence is not what it was: a verdict comes out otherwise than it was told, or a part is damaged. Never a pass. */
  evidence: 65,
  /** What the verb needs does not run; the message says how to start it. */
  notUp: 69,
  /** Something of ours broke; a trace was printed. */
  internal: 70,
  /** Interrupted where nobody could read that the run goes on: a script must not take that for a pass. */
  interrupted: 130,
  /** The reader of our output went away. */
  brokenPipe: 141,
} as const;

export const exitCodeOf: Readonly<Record<Outcome, number>> = {
  pass: exitCodes.ok,
  fail: exitCodes.fail,
  inconclusive: exitCodes.inconclusive,
};
