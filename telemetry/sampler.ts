import type { EvidenceSink } from '#model/evidence.ts';
import type { Incarnation } from '#model/stack.ts';
import type { SamplerOrders } from './orders.ts';
import type { Source } from './source.ts';
import { createSources } from './sources.ts';
import { createTicker, type TickSummary } from './tick.ts';

export interface SamplerOptions {
  readonly orders: SamplerOrders;
  /** Read at every tick: the process tables, and the sampler's own process as role `sampler`, so that its cost is seen. */
  readonly processes: () => readonly Incarnation[];
  readonly sink: EvidenceSink;
  readonly now?: () => number;
}

interface SamplerStatus extends Partial<TickSummary> {
  readonly ticks: number;
  readonly gaps: number;
}

export interface Sampler {
  /** Resolves when the sampler was stopped. */
  start(): Promise<void>;
  /** Ends after the tick that runs, records open gaps and closes connections. The sink stays open: it is the caller's. */
  stop(): Promise<void>;
  /** From the next tick on. */
  follow(orders: SamplerOrders): void;
  latest(): SamplerStatus;
}

/**
 * Samples everything in its orders at whole multiples of the interval, without drift and without ever running two ticks at
 * once (R6.1). What failed, and a tick that came too late to be dated honestly, is a gap with its reason (R6.2).
 */
export function createSampler(options: SamplerOptions): Sampler {
  const { sink, processes, now = Date.now } = options;
  const ticker = createTicker({ sink, processes });
  const ending = new AbortController();
  const isEnding = (): boolean => ending.signal.aborted;
  let orders = options.orders;
  let sources: { readonly orders: SamplerOrders; readonly list: readonly Source[] } | undefined;
  let status: SamplerStatus = { ticks: 0, gaps: 0 };
  let running: Promise<void> | undefined;

  /** Connections outlive new orders only when nothing about them changed. */
  async function currentSources(): Promise<readonly Source[]> {
    if (sources?.orders === orders) return sources.list;
    const before = sources?.list ?? [];
    sources = { orders, list: createSources(orders) };
    await Promise.all(before.map((source) => source.close()));
    return sources.list;
  }

  async function run(): Promise<void> {
    let due = nextTick(now(), orders.intervalMs);
    while (!isEnding()) {
      const { intervalMs } = orders;
      if (due - now() > 2 * intervalMs) due = nextTick(now(), intervalMs);
      await pause(due - now(), ending.signal);
      const late = now() - due;
      if (late < 0 || isEnding()) continue;
      if (late > intervalMs / 2) {
        const next = nextTick(now(), intervalMs);
        ticker.gaps.add({ source: 'sampler', at: due, until: next, reason: 'the sampler came too late' });
        due = next;
        continue;
      }
      const summary = await ticker.tick(due, orders, await currentSources());
      status = { ...summary, ticks: status.ticks + 1, gaps: ticker.gaps.recorded() };
      due = orders.intervalMs === intervalMs ? due + intervalMs : nextTick(now(), orders.intervalMs);
    }
    ticker.gaps.flush();
    await Promise.all((sources?.list ?? []).map((source) => source.close()));
  }

  return {
    start: () => (running ??= run()),
    async stop() {
      ending.abort();
      await running;
    },
    follow(next) {
      orders = next;
    },
    latest: () => status,
  };
}

const nextTick = (at: number, intervalMs: number): number => (Math.floor(at / intervalMs) + 1) * intervalMs;

const pause = (durationMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, durationMs));
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
