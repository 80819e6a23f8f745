import type { Outcome } from '#model/verdict.ts';
import type { CaseAccount } from './selftest-account.ts';

/** Last line of `soak selftest --json`. */
export interface SelftestReport {
  readonly outcome: Outcome;
  readonly cases: readonly (CaseAccount & { readonly seconds: number; readonly runId: string })[];
  readonly seconds: number;
}
