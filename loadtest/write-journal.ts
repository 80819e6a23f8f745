import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createJournalWriter } from './journal-writer.ts';
import { createWrittenObjects, type JournalEntry } from './written-objects.ts';

/** Where every write is kept, outside the target (R7.4). */
export interface WriteJournal {
  /**
   * Resolves when this entry and every one before it are on disk; while the disk takes nothing it waits. False when the
   * journal was closed first: then the write must not be sent.
   */
  keep(entry: JournalEntry): Promise<boolean>;
  /** Goes to disk with the next entry that somebody waits for, or by itself right after. */
  note(entry: JournalEntry): void;
  /** Writes what is pending, once; whoever still waits is told false. */
  close(): Promise<void>;
}

export interface WriteJournalOptions {
  readonly folder: string;
  readonly writer: string;
  readonly incarnation: number;
  /** The file begins anew, from what is alive, when it has grown by so much and to twice what it began with. */
  readonly fileBytesMax?: number;
  /** Told once when writes begin to wait for the disk, and again when they go on. */
  readonly onTrouble?: (reason: string, isOver: boolean) => void;
}

const fileBytesMaxDefault = 16 * 1024 * 1024;
const retryMs = 500;

interface Pending {
  readonly entry: JournalEntry;
  readonly settle?: (kept: boolean) => void;
}

/**
 * An append-only file that is synced as often as somebody waits: entries that come during one sync share the next. Its
 * memory and its size are bounded by the objects that are alive. Of each incarnation only one process writes.
 */
export function createWriteJournal(options: WriteJournalOptions): WriteJournal {
  const { onTrouble = () => undefined } = options;
  mkdirSync(options.folder, { recursive: true });
  refuseSecondWriter(options);
  const written = createWrittenObjects();
  const writer = createJournalWriter(options, written, options.fileBytesMax ?? fileBytesMaxDefault);
  let pending: Pending[] = [];
  let working: Promise<void> | undefined;
  let closing: Promise<void> | undefined;
  let isClosed = false;
  let isInTrouble = false;
  let isWorking = false;

  /** State and file change here only, one batch after the other, so that a file that begins anew holds a whole state. */
  async function flush(): Promise<void> {
    // A copy: what is pushed while the disk writes is not on it yet.
    const batch = [...pending];
    await writer.append(batch.map(({ entry }) => entry));
    pending = pending.slice(batch.length);
    for (const { entry, settle } of batch) {
      written.apply(entry);
      settle?.(true);
    }
  }

  async function work(): Promise<void> {
    while (pending.length > 0) {
      try {
        await flush();
        if (isInTrouble) onTrouble('the disk takes writes again', true);
        isInTrouble = false;
      } catch (error) {
        if (!isInTrouble) onTrouble(`writes wait for their journal: ${String(error)}`, false);
        isInTrouble = true;
        if (isClosed) break;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    // In the same turn as the look at what is pending: nobody may push in between and wait for ever.
    isWorking = false;
  }

  function push(added: Pending): void {
    pending.push(added);
    if (isWorking) return;
    isWorking = true;
    working = work();
  }

  async function finish(): Promise<void> {
    await working;
    for (const { settle } of pending) settle?.(false);
    // Everything in it is synced.
    await writer.close().catch(() => undefined);
  }

  return {
    keep: (entry) => (isClosed ? Promise.resolve(false) : new Promise((settle) => { push({ entry, settle }); })), // prettier-ignore
    note(entry) {
      if (!isClosed) push({ entry });
    },
    close() {
      isClosed = true;
      closing ??= finish();
      return closing;
    },
  };
}

/** What an incarnation has written is never written over: it may be all that is known of its objects. */
function refuseSecondWriter({ folder, writer, incarnation }: WriteJournalOptions): void {
  const prefix = `${writer}.${incarnation}.`;
  const used = readdirSync(folder).find((file) => file.startsWith(prefix));
  if (used !== undefined) throw new Error(`${join(folder, used)} is there already: its writer has begun before`);
}
