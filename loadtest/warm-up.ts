import type { Operation, TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import { allowedOrigin } from './allowed-hosts.ts';
import { listTeamTools, searchTerms, searchTools, teamMembers, teamTools } from './operations.ts';
import { walk } from './walk.ts';

export interface WarmUpOptions {
  readonly baseUrl: string;
  readonly allowedHosts: readonly string[];
  readonly speech: TargetSpeech;
  /** In the order of their heat: the first 5 % are hot, the next 15 % warm (R2.2). */
  readonly identities: readonly Identity[];
  readonly budgetMs: number;
  /** Two readings a second apart that differ by less than this have not changed. */
  readonly hitRatioChangeMax: number;
  readonly concurrency: number;
  /** 0…1; undefined while nobody can say. */
  readHitRatio(): Promise<number | undefined>;
  onProgress(progress: { readonly requests: number; readonly hitRatio: number | undefined }): void;
  readonly signal: AbortSignal;
}

export interface WarmUp {
  readonly requests: number;
  readonly hitRatio: number | undefined;
  /** False when the budget ended first. */
  readonly settled: boolean;
  readonly elapsedMs: number;
}

const readEveryMs = 1_000;
const readingsAlike = 3;
const requestTimeoutMs = 10_000;

/**
 * Asks what load will ask, hot identities first, until the hit ratio settles or the budget is used up (R3.7). Its
 * traffic is in no result, and an answer that fails is load's to find. Throws when the signal aborts.
 */
export async function warmCache(options: WarmUpOptions): Promise<WarmUp> {
  const startedAt = performance.now();
  const origin = allowedOrigin(options.baseUrl, options.allowedHosts);
  const ended = new AbortController();
  const endIt = (): void => {
    ended.abort();
  };
  const budget = setTimeout(endIt, options.budgetMs);
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const state = { requests: 0, hitRatio: undefined as number | undefined, hotDone: false };
  try {
    const [settled] = await Promise.all([
      watchHitRatio(options, state, signal).finally(endIt),
      askForEver(options, { origin, signal, state }),
    ]);
    options.signal.throwIfAborted();
    const { requests, hitRatio } = state;
    return { requests, hitRatio, settled, elapsedMs: Math.round(performance.now() - startedAt) };
  } finally {
    clearTimeout(budget);
    endIt();
  }
}

interface WarmUpState {
  requests: number;
  hitRatio: number | undefined;
  /** Before the hot data was asked for once, a steady ratio says nothing. */
  hotDone: boolean;
}

/** True when the ratio settled before the signal. */
async function watchHitRatio(options: WarmUpOptions, state: WarmUpState, signal: AbortSignal): Promise<boolean> {
  let alike = 0;
  while (!signal.aborted) {
    await pause(readEveryMs, signal);
    const before = state.hitRatio;
    const hitRatio = await options.readHitRatio();
    const isAlike =
      hitRatio !== undefined && before !== undefined && isNear(before, hitRatio, options.hitRatioChangeMax);
    alike = isAlike && state.hotDone ? alike + 1 : 0;
    state.hitRatio = hitRatio;
    options.onProgress({ requests: state.requests, hitRatio });
    if (alike >= readingsAlike - 1) return true;
  }
  return false;
}

const isNear = (one: number, other: number, changeMax: number): boolean => Math.abs(one - other) < changeMax;

interface Asking {
  readonly origin: string;
  readonly signal: AbortSignal;
  readonly state: WarmUpState;
}

/** Round after round: the hot identities each time, and of the others as many as there is time for. */
async function askForEver(options: WarmUpOptions, { origin, signal, state }: Asking): Promise<void> {
  const { identities, speech, concurrency } = options;
  const hot = Math.max(1, Math.ceil(identities.length * 0.05));
  const visit = async (users: readonly Identity[]): Promise<void> => {
    const items = questionsOf(users);
    await walk({ items, concurrency, origin, requestTimeoutMs, signal }, async (connection, [operation, user]) => {
      await connection.send(speech.request(operation, user));
      state.requests += 1;
    });
  };
  while (!signal.aborted) {
    await visit(identities.slice(0, hot));
    state.hotDone = true;
    await visit(identities.slice(hot));
  }
}

/** One at a time, so that many identities take no memory. */
function* questionsOf(identities: readonly Identity[]): Generator<readonly [Operation, Identity]> {
  for (const identity of identities) {
    const teamIds = [identity.privateTeamId, ...identity.teamIds];
    for (const teamId of teamIds) yield [listTeamTools(teamId), identity];
    for (const term of searchTerms) yield [searchTools(term), identity];
    for (const teamId of identity.teamIds) {
      yield [teamMembers(teamId), identity];
      yield [teamTools(teamId), identity];
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
