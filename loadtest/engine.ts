import type { EvidenceSink } from '#model/evidence.ts';
import type { EngineOrders } from '#model/load-plan.ts';
import type { TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import { allowedOrigin } from './allowed-hosts.ts';
import type { Behaviour } from './behaviours/behaviour.ts';
import { createDrive } from './drive.ts';
import type { EngineTotals } from './totals.ts';
import { createWallClock } from './wall-clock.ts';
import type { WriteJournal } from './write-journal.ts';

export interface EngineOptions {
  readonly orders: EngineOrders;
  /** Of the shard's slots, in slot order; dealt again from the start when there are fewer. */
  readonly identities: readonly Identity[];
  readonly speech: TargetSpeech;
  readonly sink: EvidenceSink;
  /** Where every write is kept before it is sent; closed when the engine has ended. */
  readonly journal: WriteJournal;
  /** Start of the name of everything that the run creates, so that it is told from what others left. */
  readonly runTag: string;
  /** Counts this shard's engines from 1. */
  readonly incarnation: number;
  /** Tools 1…n are seeded; those with greater ids were made by load. */
  readonly seededTools: number;
  /** Of a scenario; absent: those of the plan's mix. */
  readonly behaviours?: readonly Behaviour[];
  readonly now?: () => number;
}

/**
 *   createEngine ─▶ run(): waiting ─▶ driving ─▶ draining ─▶ ended
 *                              └── stop() ──▶ stopping ─────────┘
 *
 * Drives one shard of a load by absolute times (R3.3, R3.5): an engine that starts late joins at the present moment.
 */
export interface Engine {
  /** Resolves when the schedule has ended and nothing is in flight. Rejects on a defect of a behaviour. */
  run(): Promise<void>;
  /** A new revision: stages and end may differ; connections and users stay. Throws on a host that is not allowed. */
  follow(orders: EngineOrders): void;
  /** Lets iterations finish for four seconds, abandons the rest, books everything. The sink stays open. */
  stop(): Promise<void>;
  /** Books what a scenario broke outside of any iteration. */
  readonly strayFailure: (error: unknown) => void;
  totals(): EngineTotals;
}

const stopGraceMs = 4_000;

export function createEngine(options: EngineOptions): Engine {
  const now = options.now ?? Date.now;
  const clock = options.now ?? createWallClock();
  let { orders } = options;
  const origin = allowedOrigin(orders.baseUrl, orders.allowedHosts);
  const drive = createDrive({ ...options, origin, now, clock, onFailure: end });
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const ending = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  let stoppedAt: number | undefined;
  let ticking: NodeJS.Timeout | undefined;

  function tick(): void {
    const at = clock();
    drive.tick(at, stoppedAt !== undefined);
    // What is due may have been stopped for good by a defect that it met.
    if (ticking === undefined) return;
    ticking = setTimeout(tick, drive.restMs(at));
    if (stoppedAt === undefined && at < orders.endsAt) return;
    if (at >= (stoppedAt === undefined ? orders.endsAt + orders.plan.drainMs : stoppedAt + stopGraceMs))
      drive.abandon();
    if (drive.size() === 0) end();
  }

  function end(error?: Error): void {
    if (ticking === undefined) return;
    clearTimeout(ticking);
    ticking = undefined;
    drive.books.close();
    if (error === undefined) settle?.resolve();
    else settle?.reject(error);
  }

  return {
    async run() {
      if (ticking !== undefined) throw new Error('this engine runs already');
      ticking = setTimeout(tick, 0);
      await ending.finally(() => drive.close());
    },
    follow(next) {
      allowedOrigin(next.baseUrl, next.allowedHosts);
      orders = next;
      drive.follow(next);
    },
    async stop() {
      stoppedAt ??= now();
      if (ticking === undefined) return;
      clearTimeout(ticking);
      tick();
      await ending;
    },
    strayFailure(error) {
      drive.books.taskFailed('outside of any iteration', 'task-error', String(error).slice(0, 300));
    },
    totals: () => drive.books.totals(drive.size()),
  };
}
