/** What a tool tells of itself while it drives, whichever tool it is. Times are wall clock, in milliseconds. */
export interface ToolReport {
  readonly at: number;
  /** Virtual users that are there from `at` on. */
  readonly users?: number;
  readonly requests?: readonly RequestCount[];
  readonly self?: ToolSelf;
  /** Things that its file broke or found out, in its words. */
  readonly told?: readonly ToldThing[];
}

/** Requests of one name that ended, by how they ended. */
export interface RequestCount {
  readonly operation: string;
  readonly ok: number;
  /** By cause, as in `OperationRecord.failed`. */
  readonly failed: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  /** How many answers took how many microseconds; refusals and what was never answered are not among them. */
  readonly durationsUs: readonly (readonly [us: number, count: number])[];
}

/** What the tool's process uses; `cpuSeconds` since it began. */
export interface ToolSelf {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** By how much its event loop came late at worst, but for one in a hundred times; absent where there is none to tell. */
  readonly eventLoopDelayP99Seconds?: number;
}

export interface ToldThing {
  readonly finding: 'task-error' | 'wrong-answer' | 'threshold';
  /** Whose failure it is, and how many there were of which this one is told. */
  readonly failed?: { readonly operation: string; readonly count: number };
  readonly detail: string;
}
