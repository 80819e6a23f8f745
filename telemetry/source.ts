import type { StatementRecord } from '#model/evidence.ts';

/** Canonical metric name (`model/metrics.ts`) → value. What could not be read is absent: null is never zero (R6.2). */
export type Values = Readonly<Record<string, number>>;

/** One thing that is asked once a tick, apart from /proc. */
export interface Source {
  /** What gaps call it. */
  readonly name: string;
  /** The process whose samples its values belong to. */
  readonly role: string;
  /** What each of its readings delivers. */
  readonly metrics: readonly string[];
  /** What a reading may lack, and why; it may also hold more, which nobody waits for. */
  readonly optional?: Readonly<Record<string, string>>;
  /** It is asked no more often than this, for what costs the asked one more than a moment. */
  readonly everyMs?: number;
  /** Rejects with the reason when there is no answer within its own limit; the next call connects again. */
  read(): Promise<Values>;
  /** What the ids in the names of its metrics stand for, as far as it is new. */
  takeStatements?(): readonly StatementRecord[];
  close(): Promise<void>;
}

const namedMax = 3;

/** Which of what each reading delivers is not in this one, as a sentence; undefined when it is whole. */
export function lackOf({ metrics }: Pick<Source, 'metrics'>, values: Values): string | undefined {
  const lacking = metrics.filter((metric) => values[metric] === undefined);
  if (lacking.length === 0) return undefined;
  const more = lacking.length > namedMax ? ` and ${lacking.length - namedMax} more` : '';
  return `its answer has no ${lacking.slice(0, namedMax).join(', ')}${more}`;
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
