import * as z from 'zod';
import { followHeld } from '#compose/held/follow.ts';
import { readChildOptions } from './environment.ts';
import { createLog } from './log.ts';

/** What a held process is started with, in one variable of its environment; everything else is in desired.json. */
export const HeldOptions = z.strictObject({
  folder: z.string(),
  epoch: z.int().positive(),
  runKey: z.string(),
});
export type HeldOptions = z.infer<typeof HeldOptions>;

export const heldVariable = 'SOAK_HELD';

export interface HeldWork<T> {
  /** A higher revision of the orders. */
  follow(orders: T): void;
  /** Resolves when the work is over by itself: the end of the schedule. Never, for work without an end. */
  readonly ended: Promise<void>;
  /** Ends now: finish or abandon what is in flight, flush. Called once, also after `ended`. */
  stop(): Promise<void>;
}

/**
 * Main function of a detached process that is steered by local desired state and lives by a lease (design §2). It needs no
 * database, no network and no Temporal; it ends when told to stop, superseded, or no longer held.
 */
export async function runHeld<T>(
  role: string,
  { parse, begin }: { parse: (payload: unknown) => T; begin: (orders: T, held: HeldOptions) => Promise<HeldWork<T>> },
): Promise<void> {
  const held = readChildOptions(heldVariable, HeldOptions);
  const log = createLog({ logLevel: 'info', host: held.runKey }, role);
  const interrupted = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      interrupted.abort();
    });
  }
  let work: Promise<HeldWork<T>> | undefined;
  let over: (reason: string) => void = () => undefined;
  const overByItself = new Promise<string>((resolve) => {
    over = resolve;
  });
  const told = followHeld({
    ...held,
    parse,
    signal: interrupted.signal,
    onOrders(orders) {
      if (work === undefined) {
        work = begin(orders, held);
        work.then(
          (begun) =>
            begun.ended.then(() => {
              over('its work is over');
            }),
          (error: unknown) => {
            log.fatal(error, 'could not begin');
            process.exitCode = 1;
            over('it could not begin');
          },
        );
      } else
        void work.then((begun) => {
          begun.follow(orders);
        });
    },
  });
  const reason = await Promise.race([told, overByItself]);
  log.info({ reason, epoch: held.epoch }, 'ending');
  await work?.then(
    (begun) => begun.stop(),
    () => undefined,
  );
  process.exit();
}
