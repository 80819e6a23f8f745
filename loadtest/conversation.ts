import type { CheckedResponse, CheckFailure, Operation, TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import type { Answer } from './behaviours/behaviour.ts';
import type { Connection, Exchange } from './connection.ts';
import type { OperationEnd } from './tally.ts';
import { type BegunWrite, type Effect, effectOf, type WriteLog } from './write-log.ts';

/** Where a virtual user's requests are booked; shared by all users of an engine. */
export interface Books {
  /** `kind`: of one of the target's operations, or the name of a scenario's own request. */
  operationEnded(operation: { readonly kind: string }, end: OperationEnd): void;
  /** A scenario's own check found an answer wrong. */
  answeredWrong(request: string, detail: string): void;
  /** A task of a scenario did not come to its end. */
  readonly taskFailed: (task: string, cause: string, detail: string) => void;
  scopeLeaked(identity: Identity, failure: CheckFailure): void;
}

/** Says operations to the target as one identity, checks and books every answer. Never rejects. */
export type Conversation = (operation: Operation) => Promise<Answer>;

export function createConversation(options: {
  readonly connection: Connection;
  readonly speech: TargetSpeech;
  readonly identity: Identity;
  readonly writeLog: WriteLog;
  readonly books: Books;
}): Conversation {
  const { connection, speech, identity, writeLog, books } = options;
  return async (operation) => {
    const write = await writeLog.begin(operation);
    if (write === 'closed') return { outcome: 'abandoned', toolIds: [] };
    const exchange = await connection.send(speech.request(operation, identity));
    const checked = exchange.outcome === 'answered' ? checkedAnswer(operation, exchange) : undefined;
    const effect = effectOf(operation, exchange);
    const end = endOf(exchange, checked);
    // What was never sent has not ended either.
    if (exchange.outcome !== 'abandoned' || exchange.sent) books.operationEnded(operation, end);
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

/** One cause an operation: a scope leak before a status before a shape. */
function endOf(exchange: Exchange, checked: CheckedResponse | undefined): OperationEnd {
  if (exchange.outcome === 'abandoned') return { outcome: 'abandoned' };
  if (exchange.outcome === 'timeout') return { outcome: 'failed', cause: 'timeout', bytesIn: 0 };
  if (exchange.outcome === 'connection') return { outcome: 'failed', cause: `connection-${exchange.code}`, bytesIn: 0 };
  const { durationUs, bytesIn, response } = exchange;
  const kinds = checked?.failures.map(({ kind }) => kind) ?? [];
  if (kinds.includes('scope')) return { outcome: 'failed', cause: 'check-scope', durationUs, bytesIn };
  // Refusals and server errors are quick and would flatter the histogram.
  if (response.status >= 400) return { outcome: 'failed', cause: `http-${response.status}`, bytesIn };
  const [kind] = kinds;
  if (kind !== undefined) return { outcome: 'failed', cause: `check-${kind}`, durationUs, bytesIn };
  return { outcome: 'ok', durationUs, bytesIn, partial: checked?.partial ?? false };
}

function answerOutcome(end: OperationEnd, effect: Effect, write: BegunWrite | undefined): Answer['outcome'] {
  if (end.outcome !== 'failed') return end.outcome;
  return write !== undefined && effect === 'unknown' ? 'indeterminate' : 'failed';
}
