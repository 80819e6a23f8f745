import type { WriteRecord } from '#model/evidence.ts';
import type { Operation } from '#model/operation.ts';
import type { Exchange } from './connection.ts';

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

/** What the durability oracle is told of one write (R7.4); undefined when it changed nothing or is no write of an object. */
export interface WriteLog {
  record(operation: Operation, effect: Effect, toolIds: readonly number[]): WriteRecord | undefined;
}

/** `ownerId` writes its own objects only: one writer an object. `nextLostId` numbers creations whose id never came. */
export function createWriteLog(options: {
  readonly ownerId: number;
  readonly now: () => number;
  readonly nextLostId: () => number;
}): WriteLog {
  const { ownerId, now, nextLostId } = options;
  const told = (objectId: number, state: WriteRecord['state'], description: string): WriteRecord => ({
    ...{ kind: 'write', at: now(), objectId, state, ownerId, description },
  });
  return {
    record(operation, effect, toolIds) {
      if (effect === 'refused') return undefined;
      const isDone = effect === 'done';
      if (operation.kind === 'create-tool') {
        const [toolId] = toolIds;
        if (isDone && toolId !== undefined) return told(toolId, 'present', operation.description);
        return told(nextLostId(), 'indeterminate', operation.description);
      }
      if (operation.kind === 'update-tool') {
        return told(operation.toolId, isDone ? 'present' : 'indeterminate', operation.description);
      }
      if (operation.kind === 'delete-tool') return told(operation.toolId, isDone ? 'deleted' : 'indeterminate', '');
      return undefined;
    },
  };
}
