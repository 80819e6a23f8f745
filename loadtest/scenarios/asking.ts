import type { HttpRequest, TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import type { Ask } from '../behaviours/behaviour.ts';
import type { Connection, Exchange } from '../connection.ts';
import { type Books, waitOf } from '../conversation.ts';
import type { ScenarioAnswer, ScenarioRequest } from '../scenario.ts';
import type { OperationEnd, Wire } from '../tally.ts';

const detailMax = 300;

/** Requests of a scenario's own wording, as one identity, booked under their names. */
export function createAsking(options: {
  readonly connection: Connection;
  readonly speech: TargetSpeech;
  readonly identity: Identity;
  readonly books: Books;
}): Ask {
  const { connection, speech, identity, books } = options;
  return async (request, waitedUs) => {
    const reopened = connection.reopened();
    const before = waitedUs?.();
    const exchange = await connection.send(wordingOf(request, speech.headers(identity)));
    const waited = before === undefined ? 0 : before + waitOf(exchange);
    if (exchange.outcome === 'abandoned') {
      if (exchange.sent) books.operationEnded({ kind: request.name }, { outcome: 'abandoned' }, waited);
      return 'abandoned';
    }
    const { answer, end, wrong } = judge(request, exchange, connection.reopened() - reopened);
    books.operationEnded({ kind: request.name }, end, waited);
    if (wrong !== undefined) books.answeredWrong(request.name, wrong.slice(0, detailMax));
    return answer;
  };
}

function wordingOf({ method = 'GET', path, headers, body }: ScenarioRequest, own: HttpRequest['headers']): HttpRequest {
  const given = Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const isJson = typeof body === 'object';
  const all = { ...own, ...(isJson ? { 'content-type': 'application/json' } : {}), ...given };
  if (body === undefined) return { method, path, headers: all };
  return { method, path, headers: all, body: isJson ? JSON.stringify(body) : body };
}

interface Judged {
  readonly answer: ScenarioAnswer;
  readonly end: OperationEnd;
  /** What the request's own check found, in its words. */
  readonly wrong?: string;
}

function judge(
  request: ScenarioRequest,
  exchange: Exclude<Exchange, { outcome: 'abandoned' }>,
  reconnects: number,
): Judged {
  if (exchange.outcome !== 'answered') {
    const cause = exchange.outcome === 'timeout' ? 'timeout' : `connection-${exchange.code}`;
    return { answer: answerOf('failed', undefined), end: { outcome: 'failed', cause, bytesIn: 0, reconnects } };
  }
  const { response, bytesIn, bytesOut, durationUs } = exchange;
  const wire: Wire = { status: response.status, bytesOut, reconnects };
  const refusal = response.status >= 400 ? `http-${response.status}` : undefined;
  const wrong = request.check === undefined ? undefined : askCheck(request.check, answerOf('ok', response));
  const isRight = request.check === undefined ? refusal === undefined : wrong === undefined;
  if (isRight) {
    return { answer: answerOf('ok', response), end: { outcome: 'ok', durationUs, bytesIn, partial: false, ...wire } };
  }
  // As with the target's own operations: refusals and server errors are quick and would flatter the histogram.
  const end: OperationEnd =
    refusal === undefined
      ? { outcome: 'failed', cause: 'check-own', durationUs, bytesIn, ...wire }
      : { outcome: 'failed', cause: refusal, bytesIn, ...wire };
  return { answer: answerOf('failed', response), end, ...(wrong === undefined ? {} : { wrong }) };
}

/** What is wrong with the answer, in the words of the request's check; a check that throws has found something wrong. */
function askCheck(check: NonNullable<ScenarioRequest['check']>, answer: ScenarioAnswer): string | undefined {
  try {
    const said: unknown = check(answer);
    if (said === true || said === undefined) return undefined;
    if (typeof said === 'string') return said;
    return said === false
      ? 'its check found it wrong'
      : 'its check answered neither true nor a sentence; it must not be async';
  } catch (error) {
    return `its check threw ${String(error)}`;
  }
}

function answerOf(
  outcome: ScenarioAnswer['outcome'],
  response: { status: number; headers: ScenarioAnswer['headers']; body: string } | undefined,
): ScenarioAnswer {
  const { status, headers, body } = response ?? { status: 0, headers: {}, body: '' };
  return { outcome, status, headers, body, json: () => JSON.parse(body) as unknown };
}
