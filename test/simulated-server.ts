import { bucketOf } from '#model/latency-buckets.ts';
import { batchesOfProbe, type ProbePart } from '#model/probe.ts';
import { createRandom } from '#model/random.ts';

/**
 * A queue in front of servers (M/M/c), second by second of a clock of its own: what a capacity search is tried on, because
 * its truth is known. Randomness is seeded.
 */
export interface SimulatedServer {
  /** Offers a rate for `settleSeconds` and then for `seconds` that are measured, as the engines of one host would tell it. */
  offer(ratePerSecond: number, span: { settleSeconds: number; seconds: number; limitMs: number }): ProbePart;
  /** Lets time go by with nothing offered. */
  rest(seconds: number): void;
  now(): number;
}

export interface ServerShape {
  readonly seed: number;
  readonly servers: number;
  readonly serviceMsMean: number;
  /** How much slower each answer is made at this time, in seconds; 1 is not at all. */
  readonly slowness?: (atSeconds: number) => number;
  /** Beyond so many waiting requests every further one fails at once. */
  readonly waitingMax?: number;
  /** Everything fails. */
  readonly isBroken?: boolean;
  /** The generator uses so much of a core for each request a second. */
  readonly coresPerRequest?: number;
  /** Iterations that are in flight at once at most; more are dropped. */
  readonly users?: number;
}

export function simulateServer(shape: ServerShape): SimulatedServer {
  const { servers, serviceMsMean, slowness = () => 1, coresPerRequest = 0.0001, users = Infinity } = shape;
  const random = createRandom(shape.seed);
  const exponential = (mean: number): number => -mean * Math.log(1 - random());
  const freeAt = new Float64Array(servers);
  let now = 0;

  /** When the request ends; undefined when it fails. */
  function serve(at: number): number | undefined {
    let next = 0;
    for (let server = 1; server < servers; server += 1) {
      if ((freeAt[server] ?? 0) < (freeAt[next] ?? 0)) next = server;
    }
    const begins = Math.max(at, freeAt[next] ?? 0);
    const serviceSeconds = (exponential(serviceMsMean) / 1_000) * slowness(at);
    const waiting = ((begins - at) * servers * 1_000) / serviceMsMean;
    if (shape.isBroken === true || waiting > (shape.waitingMax ?? Infinity)) return undefined;
    freeAt[next] = begins + serviceSeconds;
    return begins + serviceSeconds;
  }

  return {
    now: () => now,
    rest(seconds) {
      now += seconds;
    },
    offer(ratePerSecond, { settleSeconds, seconds, limitMs }) {
      const from = now + settleSeconds;
      const to = from + seconds;
      const tally = createTally({ from, seconds, limitMs });
      let inFlight: number[] = [];
      for (let at = now + exponential(1 / ratePerSecond); at < to; at += exponential(1 / ratePerSecond)) {
        if (users < Infinity) inFlight = inFlight.filter((end) => end > at);
        const isDropped = inFlight.length >= users;
        if (at >= from) tally.due(isDropped);
        if (isDropped) continue;
        const end = serve(at);
        if (end === undefined) tally.failed(at);
        else tally.answered(at, end);
        if (users < Infinity && end !== undefined) inFlight.push(end);
      }
      now = to;
      return tally.part(Math.min(1, ratePerSecond * coresPerRequest));
    },
  };
}

function createTally({ from, seconds, limitMs }: { from: number; seconds: number; limitMs: number }) {
  const to = from + seconds;
  const batches = Array.from({ length: batchesOfProbe }, (): [number, number] => [0, 0]);
  const buckets = new Map<number, number>();
  const counts = { due: 0, dropped: 0, ended: 0, failed: 0, requests: 0, reads: 0, slow: 0 };
  const isWithin = (at: number): boolean => at >= from && at < to;
  return {
    due(isDropped: boolean): void {
      counts.due += 1;
      if (isDropped) counts.dropped += 1;
    },
    failed(at: number): void {
      if (!isWithin(at)) return;
      counts.ended += 1;
      counts.failed += 1;
      counts.requests += 1;
    },
    /** Whatever ends within the probe counts in it, as with engines. */
    answered(at: number, end: number): void {
      if (!isWithin(end)) return;
      const latencyMs = (end - at) * 1_000;
      const isSlow = latencyMs > limitMs;
      counts.ended += 1;
      counts.requests += 1;
      counts.reads += 1;
      if (isSlow) counts.slow += 1;
      const batch = batches[Math.min(batchesOfProbe - 1, Math.floor(((end - from) / seconds) * batchesOfProbe))];
      if (batch !== undefined) {
        batch[0] += 1;
        if (isSlow) batch[1] += 1;
      }
      const bucket = bucketOf(latencyMs * 1_000);
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    },
    part: (generatorCores: number): ProbePart => ({
      ...{ recorded: Math.round(seconds), ...counts, batches, latencies: [...buckets] },
      ...{ begun: counts.due - counts.dropped, late: 0, veryLate: 0, generatorCores, generatorDelaySeconds: 0.01 },
    }),
  };
}

/** The rate at which 95 % of the answers of an M/M/c queue take `limitMs`, by its formula; 0 when the service alone takes longer. */
export function trueCapacity({ servers, serviceMsMean }: ServerShape, limitMs: number): number {
  const perSecond = 1_000 / serviceMsMean;
  let [low, high] = [0, servers * perSecond];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (shareSlower(middle, { servers, perSecond }, limitMs / 1_000) > 0.05) high = middle;
    else low = middle;
  }
  return low;
}

/** Share of answers that take longer than `seconds` (Erlang C). */
function shareSlower(rate: number, { servers, perSecond }: { servers: number; perSecond: number }, seconds: number) {
  const load = rate / perSecond;
  let blocked = 1;
  for (let server = 1; server <= servers; server += 1) blocked = (load * blocked) / (server + load * blocked);
  const waits = blocked / (1 - (load / servers) * (1 - blocked));
  const spare = servers - load;
  const ofService = Math.exp(-perSecond * seconds);
  if (Math.abs(spare - 1) < 1e-9) return ofService * (1 + waits * perSecond * seconds);
  return ofService * (1 + (waits / (spare - 1)) * (1 - Math.exp(-perSecond * seconds * (spare - 1))));
}
