import type { Logger } from 'pino';
import { boundLogs } from '#compose/log-bound.ts';

export const logLookMs = 10_000;

/** Keeps the logs of some process tables bounded while their processes write (48 h are longer than any start's rotation). */
export interface LogKeeper {
  /** Looks when the last look is ten seconds old, else does nothing. Never throws: a log is not worth a run. */
  look(): void;
}

export function createLogKeeper(folders: readonly string[], log: Logger): LogKeeper {
  let lookedAt = -Infinity;
  return {
    look() {
      const now = performance.now();
      if (now - lookedAt < logLookMs) return;
      lookedAt = now;
      for (const folder of folders) lookAt(folder, log);
    },
  };
}

function lookAt(folder: string, log: Logger): void {
  try {
    const cut = boundLogs(folder);
    if (cut.length > 0) log.warn({ folder, cut }, 'logs were cut; each says where its last part is');
  } catch (error) {
    log.warn({ folder, reason: String(error) }, 'logs could not be bounded');
  }
}
