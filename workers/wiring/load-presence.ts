import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.ts';

/** This host among those that drive load: it says that it is there, and knows which others are. */
export interface LoadPresence {
  /** Those that are there, this one included when it has joined; undefined while the evidence store does not say. */
  hosts(): readonly string[] | undefined;
  /** Says nothing more; who is back within ten seconds was never away. */
  close(): void;
}

const everyMs = 2_000;
/** What is older than this is not said any more. */
const knownMs = 10_000;
/** Engines act at absolute times. Seconds of the ledger are whole: a quarter of one is told apart from a late start. */
const clockOffMsMax = 250;

/**
 * A host on which somebody makes this file in its state folder leaves: its shards move, and its worker may then be ended.
 * @internal
 */
export const leavingFile = (stateFolder: string): string => join(stateFolder, 'leaving');

/** Never throws and holds nobody up: while the store is away, a host keeps what it has. */
export function keepPresence(context: Context): LoadPresence {
  const { host, stateFolder } = context.environment;
  const folderName = createHash('sha256').update(`${hostname()}:${stateFolder}`).digest('hex').slice(0, 16);
  const tell = createTeller(context);
  const ending = new AbortController();
  let known: { at: number; hosts: readonly string[] } | undefined;

  async function look(): Promise<void> {
    const missing = missingOf(context);
    const isLeaving = existsSync(leavingFile(stateFolder));
    const clockOffMs = await measureClock(context);
    const joined = missing === undefined && !isLeaving && clockOffMs <= clockOffMsMax;
    const { isOurs } = await context.store.noteLoadHost({ host, stateFolder: folderName, joined });
    known = { at: performance.now(), hosts: await context.store.listLoadHosts() };
    tell(whyAlone({ isOurs, isLeaving, missing, clockOffMs }));
  }

  async function keep(): Promise<void> {
    while (!ending.signal.aborted) {
      await look().catch((error: unknown) => {
        context.log.debug({ reason: String(error) }, 'the evidence store does not say which hosts drive load');
      });
      await sleep(everyMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  }

  void keep();
  return {
    hosts: () => (known === undefined || performance.now() - known.at > knownMs ? undefined : known.hosts),
    close() {
      ending.abort();
    },
  };
}

/** By how much this clock is off that of the store at least: a slow answer proves nothing. */
async function measureClock({ store }: Context): Promise<number> {
  const from = Date.now();
  const clockMs = await store.readClockMs();
  return Math.max(0, from - clockMs, clockMs - Date.now());
}

/** What a guest needs to start an engine and has not got. */
function missingOf(context: Context): string | undefined {
  const { guestOf } = context.environment;
  if (guestOf === undefined) return undefined;
  for (const name of ['stack.json', 'secret']) {
    if (!existsSync(join(guestOf, name))) return `${join(guestOf, name)} is not there`;
  }
  return undefined;
}

function whyAlone(seen: {
  readonly isOurs: boolean;
  readonly isLeaving: boolean;
  readonly missing: string | undefined;
  readonly clockOffMs: number;
}): string | undefined {
  if (!seen.isOurs) return 'another state folder drives load under the name of this host: set SOAK_HOST to another one';
  if (seen.missing !== undefined) return seen.missing;
  if (seen.clockOffMs > clockOffMsMax) {
    return `the clock is at least ${Math.round(seen.clockOffMs)} ms off that of the evidence store; ${clockOffMsMax} ms are borne`;
  }
  return seen.isLeaving ? 'this host leaves, because a file in its state folder says so' : undefined;
}

/** Says each reason once, until there is another or none. */
function createTeller(context: Context): (reason: string | undefined) => void {
  let last: string | undefined;
  return (reason) => {
    if (reason === last) return;
    last = reason;
    if (reason === undefined) context.log.info('this host drives load');
    else context.log.warn({ reason }, 'no load is placed on this host');
  };
}
