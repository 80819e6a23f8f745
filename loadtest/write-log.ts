import type { Operation } from '#model/operation.ts';
import type { Exchange } from './connection.ts';
import type { WriteJournal } from './write-journal.ts';
import type { JournalEntry, ObjectChange } from './written-objects.ts';

/** Did the target do it? `unknown`: no answer, or one that does not say (a gateway that died behind its proxy). */
export type Effect = 'done' | 'refused' | 'unknown';

/**
 * Judges a write by how its exchange ended. A delete that finds nothing is `unknown`: a proxy may have sent it twice,
 * as HTTP lets it.
 */
export function effectOf(operation: Operation, exchange: Exchange): Effect {
  if (exchange.outcome !== 'answered') return exchange.sent ? 'unknown' : 'refused';
  const { status } = exchange.response;
  if (status < 300) return 'done';
  return status >= 500 || (status === 404 && operation.kind === 'delete-tool') ? 'unknown' : 'refused';
}

/** A write that may be sent: its intent is on disk. */
export interface BegunWrite {
  ended(effect: Effect, toolIds: readonly number[]): void;
}

/**
 * What the durability oracle is told of one user's writes (R7.4). Each is on disk before it is sent, and so is, in the same
 * file, the outcome of every one before it: the record of a write is durable before that object's next write.
 */
export interface WriteLog {
  /** Undefined when the operation writes no object; `closed` when nothing may be sent any more. */
  begin(operation: Operation): Promise<BegunWrite | 'closed' | undefined>;
}

/** `ownerId` writes its own objects only: one writer an object. */
export function createWriteLog({ ownerId, journal }: { ownerId: number; journal: WriteJournal }): WriteLog {
  const begun = async (intent: JournalEntry, ended: BegunWrite['ended']): Promise<BegunWrite | 'closed'> =>
    (await journal.keep(intent)) ? { ended } : 'closed';
  return {
    async begin(operation) {
      if (operation.kind === 'create-tool') {
        const { name: mark, description } = operation;
        return begun({ entry: 'create', mark, ownerId, description }, (effect, [objectId]) => {
          if (effect === 'refused') journal.note({ entry: 'not-created', mark });
          // Without an id it is known by its mark alone, like one that was never answered.
          else if (effect === 'done' && objectId !== undefined) journal.note({ entry: 'created', mark, objectId });
        });
      }
      const intent = changeOf(operation);
      if (intent === undefined) return undefined;
      return begun({ entry: 'change', ...intent }, (effect) => {
        journal.note({ entry: 'changed', objectId: intent.objectId, effect });
      });
    },
  };
}

function changeOf(operation: Operation): { objectId: number; change: ObjectChange } | undefined {
  const { kind } = operation;
  if (kind === 'update-tool') {
    return { objectId: operation.toolId, change: { kind: 'describe', description: operation.description } };
  }
  if (kind === 'share-tool') return { objectId: operation.toolId, change: { kind: 'share', teamId: operation.teamId } };
  return kind === 'delete-tool' ? { objectId: operation.toolId, change: { kind: 'delete' } } : undefined;
}
