import type { Beat } from '#activities/heartbeat.ts';
import type { RunRef } from '#model/activities.ts';
import type { Context } from './context.ts';
import { handOverJournals } from './journal-transfer.ts';
import { createLogKeeper } from './log-keeper.ts';
import { collectSpool, uploadLive } from './spool-upload.ts';

/** What the stack's host has a watch for, and a guest does beside holding its shards. */
export interface GuestDuties {
  /** Called often: uploads what engines spooled, and keeps their logs bounded. */
  look(): void;
}

const uploadEveryMs = 5_000;

/** Nothing on the stack's host. Of all shards of a run that a guest holds, one uploads at a time. */
export function createGuestDuties(context: Context): (run: RunRef, signal: AbortSignal) => GuestDuties {
  if (context.environment.guestOf === undefined) return () => ({ look: () => undefined });
  const uploading = new Set<string>();
  return (run, signal) => {
    const logs = createLogKeeper([context.heldTable(run).folder], context.log);
    let uploadedAt = Date.now();
    return {
      look() {
        logs.look();
        if (uploading.has(run.runKey) || Date.now() - uploadedAt < uploadEveryMs) return;
        uploading.add(run.runKey);
        void uploadLive(context, run, signal).finally(() => {
          uploading.delete(run.runKey);
          uploadedAt = Date.now();
        });
      },
    };
  };
}

/** Everything that engines wrote on this host, on its way to the stack's: evidence always, write journals when they are to be read. */
export async function handOverLoad(
  context: Context,
  run: RunRef,
  { journals, beat }: { journals: boolean; beat: Beat },
): Promise<{ batches: number; journals: number }> {
  const { batches } = await collectSpool(context, run, beat.signal);
  if (!journals) return { batches, journals: 0 };
  const folder = context.runPlaces(run).writes;
  const handed = await handOverJournals({ store: context.store, runKey: run.runKey, folder, signal: beat.signal });
  context.log.info({ runKey: run.runKey, batches, ...handed }, 'what engines wrote here is handed over');
  return { batches, ...handed };
}
