import { ActivityFailure, isCancellation, log, sleep, TimeoutFailure } from '@temporalio/workflow';
import type { LoadHosts } from '#model/activities.ts';
import { leaseMs, placedAnewAfterMs } from '#model/held.ts';
import type { Spread } from '#model/run-state.ts';
import { chooseHost, planMoves } from '#model/shard-placement.ts';
import { gatherOnLoadHost, onLoadHost, placeOnLoadHost, takenWithinMs } from './activity-proxies.ts';
import type { Beside } from './fault-phase.ts';
import { shardSchedule } from './load-schedule.ts';
import { describeFailure, type Run } from './run.ts';

/**
 *   one host ── a second one is heard of ──▶ spread: each shard on a host, under the number of its placing
 *
 *   held ── another is to have it ──▶ stopped ──▶ placed there ──▶ held
 *     └── nobody takes the task ──▶ asked once more while its engine may live ──▶ placed elsewhere ──▶ held
 *
 * A shard is placed elsewhere only when no engine of it can live any more: stopped, or so long after the last heartbeat that
 * Temporal took from its holder that its lease has lapsed (`model/held.ts`).
 */
const placesMax = 10;
/** Beyond a lease of five minutes, which an engine may have from before the load was spread. */
const longLeaseMarginMs = 10_000;

/** Nobody on the host took the task in time: whoever holds shards there is gone, and nothing of it was begun. */
export const isUntaken = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.cause instanceof TimeoutFailure &&
  error.cause.timeoutType === 'SCHEDULE_TO_START';

/** From here on the load is spread. Shards that live already stay where they are, as the first of their placings. */
export function beginSpread({ state }: Run, hosts: readonly string[]): Spread {
  const shards = Array.from({ length: state.plan.shards });
  state.spread ??= {
    hosts: [...hosts],
    everPlaced: [...new Set(state.shardHosts.filter(Boolean))],
    unfit: [],
    placings: shards.map(() => 1),
    fenced: shards.map((_, shard) => (state.shardHosts[shard] ?? '') === ''),
  };
  return state.spread;
}

/** What the holders of a window know of the hosts that there are; the last one to tell has looked last. */
export function hearOfHosts(run: Run, held: readonly LoadHosts[]): void {
  const hosts = held.findLast((each) => each.hosts !== undefined)?.hosts;
  if (hosts === undefined) return;
  if (run.state.spread === undefined) beginSpread(run, hosts);
  else run.state.spread.hosts = [...hosts];
}

/** Which shards change their host in the window that begins now; none while nobody knows of a host. */
export function movesOf({ state }: Run): Map<number, string> {
  if (state.spread === undefined) return new Map();
  const moves = planMoves(fitHosts(state.spread), state.shardHosts);
  return new Map(moves.map(({ shard, to }) => [shard, to]));
}

const fitHosts = ({ hosts, unfit }: Spread): string[] => hosts.filter((host) => !unfit.includes(host));

/** A planned hand-over: the engine ends where it is and another starts elsewhere; the ledger has the seconds between. */
export async function moveShard(run: Run, shard: number, to: string): Promise<void> {
  const from = run.state.shardHosts[shard] ?? '';
  if (from !== '' && from !== to) {
    try {
      await onLoadHost(from).stopLoad({ ...run.ref, shard });
    } catch (error) {
      if (isCancellation(error)) throw error;
      await replaceShard(run, shard);
      return;
    }
  }
  const failure = await placeOn(run, shard, { host: to, withinMs: takenWithinMs, attemptsMax: 3 });
  if (failure === undefined) return;
  shun(run, to, failure);
  await replaceShard(run, shard);
}

/** Places a shard whose host does not answer: there, if it comes back while its engine may live, else on another. */
export async function replaceShard(run: Run, shard: number): Promise<void> {
  const { spread } = run.state;
  if (spread === undefined) throw new Error('a load of one host is placed by whoever has the stack');
  let tried: string[] = [];
  for (let place = 1; ; place += 1) {
    const lost = run.state.shardHosts[shard] ?? run.state.host;
    const liveMs = spread.fenced[shard] === false ? leaseMs + longLeaseMarginMs : placedAnewAfterMs - takenWithinMs;
    const silent = await placeOn(run, shard, { host: lost, withinMs: liveMs, attemptsMax: 1 });
    if (silent === undefined) return;
    // It did take the task, so its engine may have begun only now.
    if (!isUntaken(silent)) await sleep(placedAnewAfterMs, { summary: `until no engine of shard ${shard} lives` });
    spread.fenced[shard] = true;

    tried = fitHosts(spread).every((host) => host === lost || tried.includes(host)) ? [lost] : [...tried, lost];
    const host = chooseHost(fitHosts(spread), run.state.shardHosts, tried) ?? run.state.host;
    log.warn('a shard is placed anew', { shard, lost, host });
    const failure = await placeOn(run, shard, { host, withinMs: takenWithinMs, attemptsMax: 3 });
    if (failure === undefined) return;
    if (place >= placesMax) throw failure as Error;
    shun(run, host, failure);
  }
}

/** Resolves with why it could not be placed there. Who is cancelled meanwhile has the shard there all the same. */
async function placeOn(
  run: Run,
  shard: number,
  { host, ...options }: { host: string; withinMs: number; attemptsMax: number },
): Promise<unknown> {
  const { shardHosts, spread } = run.state;
  if (spread === undefined) throw new Error('only a load that is spread is placed on a chosen host');
  shardHosts[shard] = host;
  spread.placings[shard] = (spread.placings[shard] ?? 0) + 1;
  if (!spread.everPlaced.includes(host)) spread.everPlaced.push(host);
  try {
    await placeOnLoadHost(host, options).placeShard({ ...run.ref, ...shardSchedule(run, shard) });
    spread.fenced[shard] = true;
    return undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return error;
  }
}

/** A host that is there and cannot start an engine would be given one after every window. The stack's own is never given up. */
function shun({ state }: Run, host: string, failure: unknown): void {
  const { spread } = state;
  if (isUntaken(failure) || host === state.host || spread === undefined || spread.unfit.includes(host)) return;
  spread.unfit.push(host);
  log.warn('an engine could not be started on a host, which gets no shard any more', {
    host,
    reason: describeFailure(failure),
  });
}

/** Guests that were given a shard: they have evidence and journals that nobody else has. */
export const guestsOf = ({ state }: Run): string[] =>
  (state.spread?.everPlaced ?? []).filter((host) => host !== state.host);

/**
 * What engines wrote on guests that leave is taken while they are still there, beside the windows: nobody waits for it but a
 * seam between executions and the end of the load.
 */
export function gatherFromLeaving(
  run: Run,
  { scope, pending }: Beside,
  { froms, moved }: { froms: readonly string[]; moved: Promise<unknown> },
): void {
  const { host: home, spread } = run.state;
  const isLeaving = (host: string): boolean => host !== '' && host !== home && spread?.hosts.includes(host) === false;
  for (const host of new Set(froms.filter(isLeaving))) {
    const name = `hand-over of ${host}`;
    if (pending.has(name)) continue;
    const gathered = scope
      .run(() => moved.then(() => gather(run, { hosts: [host], journals: true })))
      .catch(() => undefined);
    pending.set(
      name,
      gathered.then(() => void pending.delete(name)),
    );
  }
}

/** Takes over what engines wrote on guests. Resolves with those that could not be asked: a run is judged without them. */
export async function gather(
  run: Run,
  { hosts, journals }: { hosts: readonly string[]; journals: boolean },
): Promise<{ batches: number; unheard: string[] }> {
  const gathered = await Promise.all(
    hosts.map(async (host) => {
      try {
        return await gatherOnLoadHost(host).handOverLoad({ ...run.ref, journals });
      } catch (error) {
        if (isCancellation(error)) throw error;
        log.warn('a host did not hand over what its engines wrote', { host, reason: describeFailure(error) });
        return { batches: 0, unheard: host };
      }
    }),
  );
  return {
    batches: gathered.reduce((sum, { batches }) => sum + batches, 0),
    unheard: gathered.flatMap((each) => ('unheard' in each ? [each.unheard] : [])),
  };
}
