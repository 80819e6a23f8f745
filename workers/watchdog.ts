import { createSpool } from '#evidence/spool.ts';
import { createWatchdog } from '#faults/watchdog.ts';
import { WatchdogOrders } from '#faults/watchdog-orders.ts';
import { openStackTable } from '#compose/local/provision.ts';
import { type HeldOptions, type HeldWork, runHeld } from './wiring/held-process.ts';
import { stackProcesses } from './wiring/stack-processes.ts';

const tickMs = 200;

/** The dead-man's timer of faults and the keeper of the stack (R7.3); it heals everything before it ends. */
await runHeld('watchdog', { parse: (payload) => WatchdogOrders.parse(payload), begin });

function begin(orders: WatchdogOrders, held: HeldOptions): Promise<HeldWork<WatchdogOrders>> {
  const sink = createSpool({ folder: orders.spoolFolder, producer: 'watchdog', incarnation: held.epoch });
  const processes = stackProcesses(openStackTable(orders.stackFolder));
  const watchdog = createWatchdog({ orders, processes, sink });
  let ticking = Promise.resolve();
  const timer = setInterval(() => {
    ticking = ticking.then(() => watchdog.tick());
  }, tickMs);
  return Promise.resolve({
    follow: () => undefined, // what it keeps alive is decided when it is placed
    ended: new Promise<void>(() => undefined),
    async stop() {
      clearInterval(timer);
      await ticking;
      await watchdog.healAll();
      await sink.close();
    },
  });
}
