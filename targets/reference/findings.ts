import type { CheckFailure, CheckFailureKind } from '#model/operation.ts';

/** What is wrong with an answer, and what was read from it. */
export interface Findings {
  readonly failures: readonly CheckFailure[];
  readonly toolIds?: readonly number[];
  readonly partial?: boolean;
}

const detailCharactersMax = 200;

export const failure = (kind: CheckFailureKind, detail: string): CheckFailure => ({
  kind,
  detail: detail.slice(0, detailCharactersMax),
});
