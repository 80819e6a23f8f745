import type { Identity } from '#model/population-plan.ts';
import { allowedOrigin } from './allowed-hosts.ts';
import { askUntilAnswered, type Inquiry, inquiryTimeoutMs, ownersOf } from './inquiry.ts';
import type { StoredObject } from './stored-objects.ts';
import { walk } from './walk.ts';
import type { WriteJournal } from './write-journal.ts';

export interface LeftoversOptions extends Inquiry {
  readonly remaining: readonly StoredObject[];
  readonly identities: readonly Identity[];
  /** Each deletion is kept like load's own writes: reading back again must not miss what is gone. */
  readonly journal: WriteJournal;
}

/** Deletes what the run created and is still there, as its owner (R1.7). Throws when something cannot be deleted. */
export async function deleteLeftovers(options: LeftoversOptions): Promise<{ deleted: number }> {
  const { journal, identities, remaining } = options;
  const owners = ownersOf(identities);
  const origin = allowedOrigin(options.baseUrl, options.allowedHosts);
  let deleted = 0;
  await walk({ ...options, items: remaining, origin, requestTimeoutMs: inquiryTimeoutMs }, async (connection, row) => {
    const { objectId, name: mark, ownerId } = row;
    // Of a creation that was never answered the id is known now.
    journal.note({ entry: 'created', mark, objectId });
    if (!(await journal.keep({ entry: 'change', objectId, change: { kind: 'delete' } }))) return;
    const operation = { kind: 'delete-tool', toolId: objectId } as const;
    const { status } = await askUntilAnswered(connection, options, [operation, owners(ownerId)]);
    if (status >= 300 && status !== 404) throw new Error(`deleting object ${objectId} was answered ${status}`);
    journal.note({ entry: 'changed', objectId, effect: 'done' });
    deleted += 1;
  });
  options.signal.throwIfAborted();
  return { deleted };
}
