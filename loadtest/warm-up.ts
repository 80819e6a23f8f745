import { setTimeout as sleep } from 'node:timers/promises';
import type { Operation, TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import { createRandom } from '#model/random.ts';
import { allowedOrigin } from './allowed-hosts.ts';
import { listTeamTools, searchTerms, searchTools, teamMembers, teamTools } from './operations.ts';
import { skewedPick, tiersOf } from './skewed-pick.ts';
import { walk } from './walk.ts';

/** What is asked for often, now and then, and rarely (R2.2). */
export type Tier = 'hot' | 'warm' | 'cold';

export interface WarmUpProgress {
  readonly requests: number;
  readonly hitRatio: number | undefined;
  /** Where the walk is; `settling` when it is over. */
  readonly tier: Tier | 'settling';
}

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
  /** Decides what is asked for while the ratio settles. */
  readonly seed: number;
  /** Of the look-ups since the last call: 0…1; undefined while nobody can say. */
  readHitRatio(): Promise<number | undefined>;
  onProgress(progress: WarmUpProgress): void;
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
/** Of the budget: a data set that takes longer to walk is walked in part, from its hot end. */
const walkShare = 0.6;

/**
 *   walking hot ─▶ warm ─▶ cold ─▶ settling ─▶ settled
 *         └─────────┴───────┴─ (its share of the budget is over) ─▶ settling ─▶ budget used up
 *
 * Fills the caches before load (R3.7): each identity's questions once, hot ones first, so that a short budget leaves the
 * coldest out; then questions by the 80/15/5 rule, as load asks, until their hit ratio settles or the budget is used up. So
 * where caches hold less than was walked, what the cold pushed out comes back, and the ratio is that of load. Memory does not
 * grow with the data set. Its traffic is in no result, and an answer that fails is load's to find. Throws when the signal aborts.
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
  const state: WarmUpState = { requests: 0, hitRatio: undefined, tier: 'hot' };
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
  /** While it walks this is the ratio of the walk, which asks everything once: low by intent. */
  hitRatio: number | undefined;
  tier: WarmUpProgress['tier'];
}

/** True when the ratio settled before the signal. */
async function watchHitRatio(options: WarmUpOptions, state: WarmUpState, signal: AbortSignal): Promise<boolean> {
  let alike = 0;
  while (!signal.aborted) {
    await sleep(readEveryMs, undefined, { signal }).catch(() => undefined);
    const { tier } = state;
    const before = state.hitRatio;
    const hitRatio = await options.readHitRatio();
    const isAlike =
      hitRatio !== undefined && before !== undefined && Math.abs(before - hitRatio) < options.hitRatioChangeMax;
    alike = isAlike && tier === 'settling' ? alike + 1 : 0;
    state.hitRatio = hitRatio;
    options.onProgress({ requests: state.requests, hitRatio, tier });
    if (alike >= readingsAlike - 1) return true;
  }
  return false;
}

interface Asking {
  readonly origin: string;
  readonly signal: AbortSignal;
  readonly state: WarmUpState;
}

async function askForEver(options: WarmUpOptions, { origin, signal, state }: Asking): Promise<void> {
  const { identities, speech, concurrency } = options;
  const ask = (items: Iterable<Question>, until: AbortSignal): Promise<void> =>
    walk({ items, concurrency, origin, requestTimeoutMs, signal: until }, async (connection, [operation, user]) => {
      await connection.send(speech.request(operation, user));
      state.requests += 1;
    });
  const walking = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(options.budgetMs * walkShare))]);
  for (const { tier, from, to } of tiersOf(identities.length)) {
    if (walking.aborted) break;
    state.tier = tier;
    await ask(questionsOf(identities.slice(from, to)), walking);
  }
  state.tier = 'settling';
  if (!signal.aborted) await ask(questionsAsLoad(identities, options.seed), signal);
}

type Question = readonly [Operation, Identity];

/** One at a time, so that many identities take no memory. */
function* questionsOf(identities: readonly Identity[]): Generator<Question> {
  for (const identity of identities) yield* everyQuestionOf(identity);
}

function* everyQuestionOf(identity: Identity): Generator<Question> {
  const teamIds = [identity.privateTeamId, ...identity.teamIds];
  for (const teamId of teamIds) yield [listTeamTools(teamId), identity];
  for (const term of searchTerms) yield [searchTools(term), identity];
  for (const teamId of identity.teamIds) {
    yield [teamMembers(teamId), identity];
    yield [teamTools(teamId), identity];
  }
}

/** For ever: of an identity by the 80/15/5 rule, any of its questions. */
function* questionsAsLoad(identities: readonly Identity[], seed: number): Generator<Question> {
  const draw = createRandom(seed);
  for (;;) {
    const questions = [...everyQuestionOf(skewedPick(identities, draw))];
    const question = questions[Math.floor(draw() * questions.length)];
    if (question !== undefined) yield question;
  }
}
