import { writeAtomic } from '#compose/atomic-file.ts';

/** A file in which a held process shows people where it is; what counts is in its spool. */
export interface ShownFile {
  /** Writes it now. Throws when the disk takes nothing. */
  show(): void;
  /** It is not written by itself any more. */
  leave(): void;
}

/** Begins to write what `read` gives as JSON, each `everyMs`. A full disk keeps nobody from going on. */
export function showFile(path: string, everyMs: number, read: () => unknown): ShownFile {
  const show = (): void => {
    writeAtomic(path, JSON.stringify(read()));
  };
  const timer = setInterval(() => {
    try {
      show();
    } catch {
      // The spool knows what it could not write; this file is behind until there is room.
    }
  }, everyMs);
  return {
    show,
    leave() {
      clearInterval(timer);
    },
  };
}
