import type { EvidenceSink } from '#model/evidence.ts';
import type { EngineOrders } from '#model/load-plan.ts';
import { allowedOrigin } from '../allowed-hosts.ts';
import type { EngineTotals } from '../totals.ts';
import { createDriverBooks } from './driver-books.ts';
import { describeExit, type Tool, type ToolExit } from './tool.ts';
import { createToolProcess } from './tool-process.ts';

export interface DriverOptions {
  readonly orders: EngineOrders;
  readonly tool: Tool;
  readonly sink: EvidenceSink;
  readonly incarnation: number;
  /** See `createPresence`. */
  readonly backMs: number;
  readonly now?: () => number;
}

/**
 *   run(): waiting ─▶ driving ─▶ ended        the tool ended as it should, or the schedule is long over
 *                      │    ▲
 *                      ▼    │ after a pause; its users spawn again, and the time without it is a gap
 *                     tool died
 *
 * Keeps a tool of somebody else's at its work for a whole schedule and takes down what it says (R3.6). Nothing of it is
 * replayed, and there is no ledger of requests: what a dead tool had in flight is unknown.
 */
export interface Driver {
  /** Resolves when the tool has ended and everything is written. */
  run(): Promise<void>;
  /** Throws on a host that is not allowed. */
  follow(orders: EngineOrders): void;
  /** Ends the tool, by force after four seconds. */
  stop(): Promise<void>;
  totals(): EngineTotals;
}

const tickMs = 100;
const measureEveryMs = 1_000;
const stopGraceMs = 4_000;

export function createDriver(options: DriverOptions): Driver {
  const { tool, sink, incarnation, backMs, now = Date.now } = options;
  let { orders } = options;
  allowedOrigin(orders.baseUrl, orders.allowedHosts);
  const books = createDriverBooks({ orders, incarnation, sink, now: now(), tool: tool.name, backMs });
  const deaths = createDeaths(tool);
  const running = createToolProcess(tool, { onLine: takeLine, onExit: takeExit });
  let settle: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => (settle = resolve));
  let ticking: NodeJS.Timeout | undefined;
  let stoppedAt = Infinity;
  let measuredAt = 0;

  function takeLine(line: string): void {
    const report = tool.parse(line);
    if (report !== undefined) books.add(report);
  }

  function takeExit(exit: ToolExit): void {
    const at = now();
    for (const thing of tool.remains(exit)) books.told(thing, at);
    if (at >= stoppedAt || at >= orders.endsAt || tool.hasEnded(exit)) end(at);
    else books.died(at, deaths.note(exit, at));
  }

  function tick(): void {
    const at = now();
    tool.steer(orders, at);
    books.advance(at);
    measure(at);
    if (at >= orders.endsAt + orders.plan.drainMs) void stop();
    if (running.isRunning()) return;
    if (at >= orders.endsAt || at >= stoppedAt) end(at);
    else if (at >= Math.max(deaths.waitUntil(), orders.startsAt - tool.leadMs)) running.start(orders, at);
  }

  function measure(at: number): void {
    const pid = running.pid();
    if (pid === undefined || at - measuredAt < measureEveryMs) return;
    measuredAt = at;
    const self = tool.measure?.(pid);
    if (self !== undefined) books.used(at, self);
  }

  function end(at: number): void {
    if (ticking === undefined) return;
    clearInterval(ticking);
    ticking = undefined;
    books.close(at);
    settle();
  }

  async function stop(): Promise<void> {
    if (stoppedAt === Infinity) {
      stoppedAt = now();
      running.end(stopGraceMs);
    }
    if (ticking !== undefined) await ending;
  }

  return {
    async run() {
      if (ticking !== undefined) throw new Error('this driver runs already');
      ticking = setInterval(tick, tickMs);
      tick();
      await ending;
    },
    follow(next) {
      allowedOrigin(next.baseUrl, next.allowedHosts);
      orders = next;
      books.follow(next);
    },
    stop,
    totals: () => books.totals(now()),
  };
}

/** Between a tool's death and its successor, doubled with each death up to ten seconds. */
const pauseMsMin = 500;
const pauseMsMax = 10_000;
/** A file that kills its tool again and again is given up. */
const deathsMax = 20;

function createDeaths(tool: Tool) {
  let deaths = 0;
  let wakeAt = 0;
  return {
    /** What is to be said of a death. */
    note(exit: ToolExit, at: number): string {
      deaths += 1;
      const isGivenUp = deaths >= deathsMax;
      wakeAt = isGivenUp ? Infinity : at + Math.min(pauseMsMax, pauseMsMin * 2 ** (deaths - 1));
      const after = isGivenUp
        ? `, the ${deathsMax}th time: it is not started again`
        : ' and was started again; its users spawn anew';
      return `${tool.name} died (${describeExit(exit)})${after}`;
    },
    waitUntil: () => wakeAt,
  };
}
