import { existsSync, readdirSync } from 'node:fs';
import { readClaim } from '#compose/claim.ts';
import type { Context } from './context.ts';
import { healOverdue } from './nemesis.ts';
import { resumeWatchdog } from './watch.ts';

/** A victim that does not come up must not keep the host from its work: the watchdog goes on trying. */
const takeUpWithinMs = 10_000;

/**
 * What a host does before it works: the run that holds the stack gets its watchdog back, and every harm whose deadline is over
 * is undone, whichever run did it. So a fault whose injection and watchdog died together is healed at the next start of a
 * host, with or without Temporal (R7.3). Never throws.
 */
export async function takeUpOpenFaults(context: Context): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, takeUpWithinMs);
  });
  const work = takeUp(context).catch((error: unknown) => {
    context.log.error({ reason: String(error) }, 'open faults could not be taken up');
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

async function takeUp(context: Context): Promise<void> {
  const { places, log } = context;
  const owner = readClaim(places.stack);
  if (owner !== undefined && (await resumeWatchdog(context, owner))) {
    log.warn({ runKey: owner.runKey }, 'the watchdog of this run was gone and is back');
  }
  if (!existsSync(places.runs)) return;
  for (const runKey of readdirSync(places.runs)) {
    if (runKey === 'latest' || runKey.startsWith('.')) continue;
    const healed = await healOverdue(context, runKey);
    if (healed.length > 0) log.warn({ runKey, healed }, 'faults were past their deadline and are healed');
  }
}
