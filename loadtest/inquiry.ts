import type { HttpResponse, Operation, TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import type { Connection } from './connection.ts';

/** Who is asked and how; the same for reading back, deleting and auditing. */
export interface Inquiry {
  readonly baseUrl: string;
  readonly allowedHosts: readonly string[];
  readonly speech: TargetSpeech;
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

export const inquiryTimeoutMs = 10_000;
const attemptsMax = 5;
const attemptPauseMs = 500;

/** One question as one identity, asked again while the target does not answer or is in trouble; throws at the end. */
export async function askUntilAnswered(
  connection: Connection,
  { speech, signal }: Inquiry,
  [operation, identity]: readonly [Operation, Identity],
): Promise<HttpResponse> {
  let trouble = '';
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const exchange = await connection.send(speech.request(operation, identity));
    signal.throwIfAborted();
    if (exchange.outcome === 'answered' && exchange.response.status < 500) return exchange.response;
    trouble = exchange.outcome === 'answered' ? `status ${exchange.response.status}` : exchange.outcome;
    await new Promise((resolve) => setTimeout(resolve, attemptPauseMs));
  }
  throw new Error(`${operation.kind} as user ${identity.userId} got no answer in ${attemptsMax} attempts: ${trouble}`);
}

/** Finds identities by user; throws for a user that is not among them. */
export function ownersOf(identities: readonly Identity[]): (userId: number) => Identity {
  const byUser = new Map(identities.map((identity) => [identity.userId, identity]));
  return (userId) => {
    const identity = byUser.get(userId);
    if (identity === undefined) throw new Error(`user ${userId} wrote, and is not among the identities`);
    return identity;
  };
}
