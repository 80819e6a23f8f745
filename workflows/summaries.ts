import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** What an activity's event says in the Temporal UI, from its request: at most 200 bytes (design §3). */
const summaries: Readonly<Record<string, (request: Request) => string>> = {
  planRun: ({ workflow }) => `parse the input and plan ${workflow ?? 'the run'}`,
  planWaves: () => 'parse the input into waves',
  locateHost: () => 'find a host for the stack',
  preflight: () => 'look for everything in the way, take the stack',
  provision: () => 'start or adopt the stack',
  startWatching: () => 'start sampler and watchdog, prove that every signal delivers',
  holdWatch: ({ until }) => `hold sampler and watchdog until ${clock(until)}`,
  stopWatching: () => 'end sampler and watchdog',
  prepareSeed: () => 'make tables and ledger',
  seedShards: () => 'pull shards until none is left',
  finishSeed: () => 'indexes, constraints, reconciliation',
  warmCache: () => 'ask until the hit ratio settles',
  placeShard: ({ shard }) => `place shard ${shard ?? 0}`,
  steerLoad: ({ shard, revision }) => `shard ${shard ?? 0}: schedule ${revision ?? 0}`,
  measureProbe: ({ from, to }) => `measure the probe from ${clock(from)} to ${clock(to)}`,
  holdLoad: ({ shard, until }) => `hold shard ${shard ?? 0} until ${clock(until)}`,
  stopLoad: ({ shard }) => `end shard ${shard ?? 0}`,
  handOverLoad: () => 'hand over what engines wrote on this host',
  injectFault: ({ fault }) => `inject ${fault ?? 'a fault'}`,
  healFaults: () => 'undo whatever is still injected',
  collectSpools: () => 'store what was spooled',
  verify: () => 'read back every written object, audit scopes, reconcile',
  checkpoint: ({ number }) => `checkpoint ${number ?? ''}: what is known so far`,
  audit: ({ what }) => `write down: ${what ?? ''}`.slice(0, 150),
  judge: () => 'evidence to verdict',
  report: () => 'evidence and verdict to a report',
  compareWaves: () => 'compare the waves',
  release: ({ keep }) => (keep === 'stack' ? 'give the stack back, running' : 'give the stack back, ended'),
};

interface Request {
  readonly workflow?: string;
  readonly shard?: number;
  readonly revision?: number;
  readonly what?: string;
  readonly until?: number;
  readonly from?: number;
  readonly to?: number;
  readonly fault?: string;
  readonly number?: number;
  readonly keep?: string;
}

const clock = (at: number | undefined): string =>
  at === undefined ? 'its end' : new Date(at).toISOString().slice(11, 19);

/** Puts a summary on every activity, so that a history reads as what was done and not only as names. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        const summary = summaries[input.activityType]?.(input.args[0] ?? {});
        if (summary === undefined) return next(input);
        return next({ ...input, options: { summary, ...input.options } });
      },
    },
  ],
});
