/** Canonical metric name (`model/metrics.ts`) → value. What could not be read is absent: null is never zero (R6.2). */
export type Values = Readonly<Record<string, number>>;

/** One thing that is asked once a tick, apart from /proc. */
export interface Source {
  /** What gaps call it. */
  readonly name: string;
  /** The process whose samples its values belong to. */
  readonly role: string;
  /** Every metric that it delivers once it works. */
  readonly metrics: readonly string[];
  /** Rejects with the reason when there is no answer within its own limit; the next call connects again. */
  read(): Promise<Values>;
  close(): Promise<void>;
}

export const reasonOf = (error: unknown): string => {
  const text = error instanceof Error ? describe(error) : String(error);
  return text.slice(0, 200);
};

/** An AggregateError of a refused connection has an empty message; its code says more. */
function describe(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message === '' ? code || error.name : error.message;
}
