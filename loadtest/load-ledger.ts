/** Sums so far; due = delivered + dropped + abandoned + in flight. */
export interface LedgerSums {
  readonly due: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly abandoned: number;
  readonly inFlight: number;
  readonly requests: number;
  readonly iterationsFailed: number;
}

/** What an engine's books need of the ledger of either model. */
export interface LoadLedger {
  requestEnded(): void;
  /** Closes the second in progress: what is due of it was cut off by the stop. */
  end(now: number): void;
  totals(): LedgerSums;
}
