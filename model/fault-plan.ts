import * as z from 'zod';
import { FaultRecord, faultEvents } from './evidence.ts';

export const FaultKind = z.enum(['kill-gateway', 'pause-gateway']);
export type FaultKind = z.infer<typeof FaultKind>;

/** One harm and its undoing, planned. Times count from the start of load. */
export const FaultPlan = z.strictObject({
  fault: z.string().regex(/^[a-z][a-z0-9-]*$/),
  kind: FaultKind,
  /** Role in the process table. */
  victim: z.string(),
  offsetMs: z.int().nonnegative(),
  /** How long the harm holds before it is undone. */
  holdMs: z.int().positive(),
  /** After injection: past this the watchdog heals, whatever happened (R7.3). */
  deadlineMs: z.int().positive(),
});
export type FaultPlan = z.infer<typeof FaultPlan>;

/** How to undo a harm with nobody alive: data that the watchdog can carry out from a local file. */
export const HealRecipe = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('start-process'), role: z.string() }),
  /** SIGCONT; a process that is dead by then is started instead. */
  z.strictObject({ kind: z.literal('continue-process'), role: z.string() }),
]);
export type HealRecipe = z.infer<typeof HealRecipe>;

/**
 * The lease of one fault: `faults/<fault>.json` in the run's folder, by atomic rename, stored before the harm is done.
 *
 *   set-up ─▶ injected ─▶ bit ─▶ recovering ─▶ healed ─▶ cleaned-up
 *      └────────┴──────────┴── deadline over: the watchdog ─▶ recovering ─▶ healed-by-watchdog
 */
export const FaultLease = z.strictObject({
  runKey: z.string(),
  plan: FaultPlan,
  recipe: HealRecipe,
  /** Wall clock in ms: past it the watchdog heals. */
  deadlineAt: z.number(),
  state: z.enum(faultEvents),
  /** Roles that the watchdog must not restart while the harm holds. */
  holdsDown: z.array(z.string()),
  history: z.array(FaultRecord).max(32),
});
export type FaultLease = z.infer<typeof FaultLease>;
