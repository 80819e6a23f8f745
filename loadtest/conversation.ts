import type { CheckedResponse, CheckFailure, Operation, TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import type { Answer } from './behaviours/behaviour.ts';
import type { Connection, Exchange } from './connection.ts';
import type { OperationEnd, Wire } from './tally.ts';
import { type BegunWrite, type Effect, effectOf, type WriteLog } from './write-log.ts';

/** Where a virtual user's requests are booked; shared by all users of an engine. */
export interface Books {
  /**
   * `kind`: of one of the target's operations, or the name of a scenario's own request. `waitedUs`: how long after its
   * intended start it was sent.
   */
  operationEnded(operation: { readonly kind: string }, end: OperationEnd, waitedUs: number): void;
  /** A scenario's own check found an answer wrong. */
  answeredWrong(request: string, detail: string): void;
  /** A task of a scenario did not come to its end. */
  readonly taskFailed: (task: string, cause: string, detail: string) => void;
  scopeLeaked(identity: Identity, failure: CheckFailure): void;
}

/**
 * Says operations to the target as one identity, checks and books every answer. Never rejects. `waitedUs` is asked as the
 * operation is sent; absent when it is sent when it is meant to be.
 */
export type Conversation = (operation: Operation, waitedUs?: () => number) => Promise<Answer>;

export function createConversation(options: {
  readonly connection: Connection;
  readonly speech: TargetSpeech;
  readonly identity: Identity;
  readonly writeLog: WriteLog;
  readonly books: Books;
}): Conversation {
  const { connection, speech, identity, writeLog, books } = options;
  return async (operation, waitedUs) => {
    const write = await writeLog.begin(operation);
    if (write === 'closed') return { outcome: 'abandoned', toolIds: [] };
    const reopened = connection.reopened();
    const before = waitedUs?.();
    const exchange = await connection.send(speech.request(operation, identity));
    const checked = exchange.outcome === 'answered' ? checkedAnswer(operation, exchange) : undefined;
    const effect = effectOf(operation, exchange);
    const end = endOf(exchange, checked, connection.reopened() - reopened);
    // What was never sent has not ended either.
    const waited = before === undefined ? 0 : before + waitOf(exchange);
    if (exchange.outcome !== 'abandoned' || exchange.sent) books.operationEnded(operation, end, waited);
    const toolIds = checked?.toolIds ?? [];
    write?.ended(effect, toolIds);
    const leak = checked?.failures.find(({ kind }) => kind === 'scope');
    if (leak !== undefined) books.scopeLeaked(identity, leak);
    return { outcome: answerOutcome(end, effect, write), toolIds };
  };

  function checkedAnswer(operation: Operation, exchange: Exchange & { outcome: 'answered' }): CheckedResponse {
    try {
      return speech.check(operation, identity, exchange.response);
    } catch (error) {
      const detail = `the answer could not be read: ${String(error)}`.slice(0, 200);
      return { failures: [{ kind: 'shape', detail }], toolIds: [], partial: false };
    }
  }
}

/** For a connection that others had; it is not service time. */
export const waitOf = (exchange: Exchange): number => (exchange.outcome === 'answered' ? (exchange.waitedUs ?? 0) : 0);

/** One cause an operation: a scope leak before a status before a shape. */
function endOf(exchange: Exchange, checked: CheckedResponse | undefined, reconnects: number): OperationEnd {
  if (exchange.outcome === 'abandoned') return { outcome: 'abandoned' };
  if (exchange.outcome === 'timeout') return { outcome: 'failed', cause: 'timeout', bytesIn: 0, reconnects };
  if (exchange.outcome === 'connection')
    return { outcome: 'failed', cause: `connection-${exchange.code}`, bytesIn: 0, reconnects };
  const { durationUs, bytesIn, bytesOut, response } = exchange;
  const wire: Wire = { status: response.status, bytesOut, reconnects };
  const kinds = checked?.failures.map(({ kind }) => kind) ?? [];
  if (kinds.includes('scope')) return { outcome: 'failed', cause: 'check-scope', durationUs, bytesIn, ...wire };
  // Refusals and server errors are quick and would flatter the histogram.
  if (response.status >= 400) return { outcome: 'failed', cause: `http-${response.status}`, bytesIn, ...wire };
  const [kind] = kinds;
  if (kind !== undefined) return { outcome: 'failed', cause: `check-${kind}`, durationUs, bytesIn, ...wire };
  return { outcome: 'ok', durationUs, bytesIn, partial: checked?.partial ?? false, ...wire };
}

function answerOutcome(end: OperationEnd, effect: Effect, write: BegunWrite | undefined): Answer['outcome'] {
  if (end.outcome !== 'failed') return end.outcome;
  return write !== undefined && effect === 'unknown' ? 'indeterminate' : 'failed';
}
