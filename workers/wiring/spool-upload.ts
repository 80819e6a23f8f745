import { uploadSpool } from '#evidence/upload.ts';
import type { RunRef } from '#model/activities.ts';
import type { Context } from './context.ts';

/** What was closed meanwhile. An outage of the store costs nothing here: what was not stored stays in the spool for the next turn. */
export async function uploadLive(context: Context, run: RunRef, signal: AbortSignal): Promise<void> {
  try {
    const folder = context.runPlaces(run).spool;
    await uploadSpool({ folder, store: context.store, runKey: run.runKey, includeOpen: false, signal });
  } catch (error) {
    if (signal.aborted) return;
    context.log.warn({ runKey: run.runKey, reason: String(error) }, 'evidence stays in the spool for now');
  }
}

/** Everything that was spooled on this host, what dead producers left open included. */
export async function collectSpool(context: Context, run: RunRef, signal: AbortSignal): Promise<{ batches: number }> {
  const table = context.heldTable(run);
  // Whoever is not in the table of held processes any more appends nothing.
  const isAlive = (producer: string): boolean => table.adopt(producer) !== undefined;
  const folder = context.runPlaces(run).spool;
  const upload = { folder, store: context.store, runKey: run.runKey, includeOpen: true, isAlive, signal };
  const { batches } = await uploadSpool(upload);
  return { batches };
}
