/** What cannot be read is refused: trying again does not mend it, and guessing would. The message says what to do. */
export function refusedEvidence(message: string, cause?: unknown): Error {
  const error = new Error(`${message}. Nothing was deleted.`, { cause });
  error.name = 'EvidenceRefused';
  return error;
}

/** Errors that say by themselves what they are. */
const named = new Set(['StoreUnavailable', 'EvidenceRefused', 'BadArchive', 'AbortError']);

/** SQLSTATE classes that a retry can cure: connection, resources, operator intervention, system error. */
const passing = /^(08|53|57|58)/;

/**
 * An error named `StoreUnavailable` when the store did not answer (also when it was too slow, is starting or its disk is
 * full), else the error itself: a wrong statement is a defect and must not be retried for ever.
 */
export function storeError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('the evidence store failed', { cause: error });
  const isFromServer = 'severity' in error && 'code' in error && typeof error.code === 'string';
  const isDefect = error instanceof TypeError || error instanceof RangeError || error.name === 'ZodError';
  if (isDefect || named.has(error.name)) return error;
  if (isFromServer && !passing.test(String(error.code))) return error;
  const unavailable = new Error(`the evidence store did not answer: ${error.message}`, { cause: error });
  unavailable.name = 'StoreUnavailable';
  return unavailable;
}
