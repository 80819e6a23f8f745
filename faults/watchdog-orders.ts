import * as z from 'zod';

/** The `payload` of a watchdog's desired.json. */
export const WatchdogOrders = z.strictObject({
  runKey: z.string(),
  /** Process table of the stack. */
  stackFolder: z.string(),
  /** Leases of this run. */
  faultsFolder: z.string(),
  spoolFolder: z.string(),
  /** What is started again when it dies unasked. */
  roles: z.array(z.string()).max(256),
});
export type WatchdogOrders = z.infer<typeof WatchdogOrders>;
