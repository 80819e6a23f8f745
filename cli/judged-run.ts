import * as z from 'zod';
import { Outcome, Verdict } from '#model/verdict.ts';
import { JudgedFile } from './judged-file.ts';

/** One figure, sentence or outcome of a verdict that is not what it was. */
export const VerdictDifference = z.strictObject({
  /** Absent: it is of the verdict as a whole. */
  question: z.string().optional(),
  /** Which part of it: `outcome`, `measured`, `reason`. */
  what: z.string(),
  /** As JSON; `absent` when it is not there. */
  told: z.string(),
  now: z.string(),
});
export type VerdictDifference = z.infer<typeof VerdictDifference>;

const judgedBy = {
  /** Stamp of the code that judges. */
  judgeCode: z.string(),
  /** Of soakwave. */
  version: z.string(),
};

/** A run that was judged again from its evidence alone (R6.5). */
export const JudgedRun = z.strictObject({
  run: z.string(),
  workflowId: z.string(),
  /** The file that it was judged from; absent: from the evidence store here. */
  archive: z.string().optional(),
  /** What it comes to now. */
  outcome: Outcome,
  /** The verdict that is stored, and who came to it. */
  told: z.strictObject({ outcome: z.string(), at: z.iso.datetime(), ...judgedBy }),
  here: z.strictObject(judgedBy),
  /** The recomputed verdict is the stored one to the byte, as canonical JSON. */
  same: z.boolean(),
  /** None when it is the same. */
  differences: z.array(VerdictDifference),
  /** Whether the code that judges is another one than then. */
  isCodeChanged: z.boolean(),
  /** As it comes out now, whole. */
  verdict: Verdict,
});
export type JudgedRun = z.infer<typeof JudgedRun>;

/**
 * Output of `soak judge --json`: an element for each word, in their order; published under docs/schema/.
 * @internal
 */
export const Judged = z.array(z.union([JudgedFile, JudgedRun]));

/** What a word of `soak judge` names. */
export type JudgedKind = 'series' | 'archive' | 'run';
