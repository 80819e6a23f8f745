/** What `soak bench load` is to measure. */
export interface LoadBenchOrder {
  /** Of one trial of one tool. */
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  /** Tools and sections; empty: all of them. */
  readonly only: readonly (LoadTool | LoadSection)[];
}

/** Generators in the order of the table; the first is ours, `undici` its predecessor in this place. */
export const loadTools = ['soakwave', 'undici', 'wrk', 'autocannon', 'k6', 'locust-fasthttp', 'locust-http'] as const;
export type LoadTool = (typeof loadTools)[number];

/** What is measured beside the tools. */
export const loadSections = ['honesty', 'users', 'open', 'overhead'] as const;
export type LoadSection = (typeof loadSections)[number];

/** One generator's trials: medians of rate, percentiles and processor time, the highest of memory. */
export interface LoadFigures {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The highest resident size of its one process. */
  readonly rssBytes: number;
  /** Processor time of the generator for one request, its start included. */
  readonly cpuUsPerRequest: number;
  /** Requests without a good answer; the rate counts those with one. */
  readonly failed: number;
}

export type LoadToolRow =
  | ({ readonly tool: LoadTool; readonly ratioToWrk?: number } & LoadFigures)
  /** How to install it. */
  | { readonly tool: LoadTool; readonly missing: string };

/** The engine as it runs in a wave: behaviours, decks, checks, ledger, journal, spool; beside bare requests to the same server. */
export interface HonestyFigures {
  readonly bare: LoadFigures;
  readonly engine: LoadFigures;
  /** Share of a core that the server used under each: near 1, the server and not the generator is the bound. */
  readonly serverBusy: { readonly bare: number; readonly engine: number };
}

/** As many users as one worker is to hold, with the think times of a wave. */
export interface UsersFigures {
  readonly users: number;
  /** From the first to the last. */
  readonly spawnSeconds: number;
  readonly rssBytes: number;
  readonly requestsPerSecond: number;
  readonly failed: number;
}

/** How late iterations began that were due at a rate. */
export interface OpenFigures {
  readonly iterationsPerSecond: number;
  readonly lateMsP50: number;
  readonly lateMsP99: number;
  readonly dropped: number;
}

/** Latencies that two generators saw at the same rate, which is far from what either can do. */
export interface OverheadFigures {
  readonly connections: number;
  /** Between an answer and the next request on the same connection. */
  readonly pauseMs: number;
  readonly soakwave: LoadFigures;
  readonly wrk: LoadFigures;
}

/** A requirement on the figures above, e.g. to reach half of wrk's rate. */
export interface LoadBar {
  readonly bar: string;
  readonly wanted: number;
  readonly found: number;
  readonly isMet: boolean;
}

/** Last line of `soak bench load --json`. */
export interface LoadBenchReport {
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  /** Generator and server each had a core of their own. */
  readonly pinned: boolean;
  readonly tools: readonly LoadToolRow[];
  readonly honesty?: HonestyFigures;
  readonly users?: UsersFigures;
  readonly openSchedule?: OpenFigures;
  readonly overhead?: readonly OverheadFigures[];
  readonly bars: readonly LoadBar[];
}

export interface EnduranceOrder {
  readonly minutes: number;
  readonly connections: number;
}

/** Last line of `soak bench load --endurance … --json`: the whole engine at full speed. */
export interface EnduranceReport {
  readonly minutes: readonly {
    readonly minute: number;
    readonly rssBytes: number;
    readonly requestsPerSecond: number;
  }[];
  readonly requests: number;
  readonly failed: number;
  /** Of the last minute to the fifth; absent in runs that were not longer. */
  readonly ratioToMinute5?: number;
  readonly bars: readonly LoadBar[];
}
