import type { StoredObject, StoredObjects } from '#loadtest/stored-objects.ts';
import type { WriteJournal } from '#loadtest/write-journal.ts';
import { createWrittenObjects, type WrittenObjects } from '#loadtest/written-objects.ts';
import type { LoopbackTarget } from './loopback-target.ts';

/** A journal whose disk is the state that a reader would make of it. */
export function createMemoryJournal(): { journal: WriteJournal; written: WrittenObjects } {
  const written = createWrittenObjects();
  let isClosed = false;
  const journal: WriteJournal = {
    async keep(entry) {
      // As a disk does, it takes its time.
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (!isClosed) written.apply(entry);
      return !isClosed;
    },
    note(entry) {
      if (!isClosed) written.apply(entry);
    },
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
  return { journal, written };
}

/** The database of a target whose rows are these. */
export function storedIn(tools: LoopbackTarget['tools']): StoredObjects {
  const rows = (): StoredObject[] => [...tools].map(([objectId, tool]) => ({ objectId, ...tool }));
  return {
    async *pages(namePrefix) {
      yield await Promise.resolve(rows().filter(({ name }) => name.startsWith(namePrefix)));
    },
    among: (objectIds) => Promise.resolve(rows().filter(({ objectId }) => objectIds.includes(objectId))),
  };
}
