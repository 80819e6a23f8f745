import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type ProcessRecord, type ProcessSpec } from '#model/stack.ts';
import { endProcess, endRemains, signalGroup } from './ending.ts';
import { type ProcessStat, isSame, readIdentity } from './identity.ts';
import { withLock } from './lock.ts';
import { tailLog } from './log-file.ts';
import { findInFolder, findMarked, writeMark } from './marks.ts';
import {
  listRecords,
  logFile,
  readRecord,
  readStarts,
  removeRecord,
  specHash,
  writeRecord,
  writeStarts,
} from './process-record.ts';
import { awaitReadiness, describeReadiness, isReady } from './readiness.ts';
import { spawnDetached } from './spawn.ts';

const tailLines = 10;

export interface ListedProcess extends ProcessRecord {
  readonly isAlive: boolean;
}

/**
 * The processes of one folder, by role: `<role>.json` says who plays it, `<role>.log` what it said. Any number of programs may
 * use one folder at once; whoever dies, the processes live on and the next comer adopts them. Never two of one role.
 *
 *   nothing ── start ──▶ starting ── readiness ──▶ running ── stop ──▶ nothing (the count of starts stays)
 *                           │                         │
 *                           └───── dies unasked ──────┴──▶ dead (the record stays) ── start ──▶ the next incarnation
 */
export interface ProcessTable {
  readonly folder: string;
  /** Adopts the role's living process if it has the same spec, else starts one; returns when it is ready. */
  start(spec: ProcessSpec): Promise<ProcessRecord>;
  /** The first half of `start`: adopts or spawns and records, without waiting for readiness. */
  launch(spec: ProcessSpec): Promise<{ record: ProcessRecord; adopted: boolean }>;
  /** The other half: throws with the last lines of its log when the process dies or is late. */
  awaitReady(record: ProcessRecord): Promise<void>;
  /** The role's living process, as recorded. */
  adopt(role: string): ProcessRecord | undefined;
  /** Every recorded role, the dead ones too. */
  list(): ListedProcess[];
  /** Ends the role gracefully, then by force, and forgets it; false when nothing was recorded. */
  stop(role: string): Promise<boolean>;
  /** Sends a signal to the role's process group; false when it is not alive. */
  signal(role: string, signal: NodeJS.Signals): boolean;
}

export function createProcessTable(path: string): ProcessTable {
  mkdirSync(path, { recursive: true });
  // The mark of a process holds the folder, so the folder needs one name only.
  const folder = realpathSync(path);
  const adopt = (role: string): ProcessRecord | undefined => {
    const record = readRecord(folder, role);
    return record !== undefined && isSame(record) ? record : undefined;
  };
  const table: ProcessTable = {
    folder,
    adopt,
    async start(spec) {
      const { record } = await table.launch(spec);
      await table.awaitReady(record);
      return record;
    },
    launch: (spec) => withLock(join(folder, spec.role), lockOptions(spec), () => launch(folder, spec)),
    awaitReady: (record) => awaitReady(folder, record),
    list: () => listRecords(folder).map((record) => ({ ...record, isAlive: isSame(record) })),
    async stop(role) {
      const seen = readRecord(folder, role);
      if (seen === undefined) return false;
      return withLock(join(folder, role), lockOptions(seen.spec), async () => {
        const record = readRecord(folder, role);
        if (record === undefined) return false;
        await endProcess(record);
        removeRecord(folder, role);
        return true;
      });
    },
    signal(role, signal) {
      const record = readRecord(folder, role);
      return record !== undefined && signalGroup(record, signal);
    },
  };
  return table;
}

/** Whoever holds a role's lock may be ending its process. */
const lockOptions = (spec: ProcessSpec): { waitMs: number } => ({ waitMs: spec.stopWithinMs + 20_000 });

async function launch(folder: string, spec: ProcessSpec): Promise<{ record: ProcessRecord; adopted: boolean }> {
  const known = recoverUnrecorded(folder, spec) ?? readRecord(folder, spec.role);
  if (known !== undefined && isSame(known)) {
    if (specHash(known.spec) === specHash(spec)) {
      const record = { ...known, spec };
      writeRecord(folder, record);
      return { record, adopted: true };
    }
    await endProcess(known);
  } else if (known !== undefined) {
    await endRemains(known);
  }
  if (spec.ready.kind !== 'alive' && (await isReady(spec.ready))) {
    throw new Error(`${spec.role} is not running, yet there is ${describeReadiness(spec.ready)}: another has its port`);
  }
  const incarnation = readStarts(folder, spec.role) + 1;
  writeStarts(folder, spec.role, incarnation);
  const mark = writeMark({ table: folder, role: spec.role, incarnation, specHash: specHash(spec) });
  const identity = await spawnDetached(spec, logFile(folder, spec.role), mark);
  const record = { role: spec.role, ...identity, incarnation, startedAt: new Date().toISOString(), spec };
  writeRecord(folder, record);
  return { record, adopted: false };
}

/**
 * A starter that dies between spawn and record leaves a process that no record names, and so does whoever spoils a record. Its
 * mark finds it, or for a server that wipes its environment, its folder: it gets its record now, so that it is adopted or ended
 * like any other.
 */
function recoverUnrecorded(folder: string, spec: ProcessSpec): ProcessRecord | undefined {
  const { role } = spec;
  const recorded = readRecord(folder, role);
  if (recorded !== undefined && isSame(recorded)) return undefined;
  const marked = findMarked(folder, role);
  const found = marked ?? findServer(spec);
  if (found === undefined) return undefined;
  const mark = marked?.mark;
  const incarnation = Math.max(1, mark?.incarnation ?? readStarts(folder, role));
  // Of a process with another spec only the hash is known; an extra argument keeps its record from passing for this one.
  const isOther = mark?.specHash !== specHash(spec) || incarnation < (recorded?.incarnation ?? 0);
  const record = {
    role,
    ...(readIdentity(found.pid) ?? { pid: found.pid, startTicks: found.startTicks }),
    incarnation,
    startedAt: new Date().toISOString(),
    spec: isOther ? { ...spec, args: [...spec.args, 'unrecorded'] } : spec,
  };
  writeRecord(folder, record);
  writeStarts(folder, role, Math.max(incarnation, readStarts(folder, role)));
  return record;
}

/** A server whose working folder is named in its arguments owns that folder: what leads a session there is it. */
const findServer = (spec: ProcessSpec): ProcessStat | undefined =>
  spec.args.includes(spec.cwd) ? findInFolder(spec).find(({ pid, sessionId }) => pid === sessionId) : undefined;

async function awaitReady(folder: string, record: ProcessRecord): Promise<void> {
  const { role, spec } = record;
  const outcome = await awaitReadiness(spec.ready, spec.readyWithinMs, () => isSame(record));
  if (outcome === 'ready') return;
  const log = logFile(folder, role);
  const what = outcome === 'dead' ? 'died before there was' : `ran ${spec.readyWithinMs} ms without`;
  const said = tailLog(log, tailLines).map((line) => `  ${line}`);
  throw new Error([`${role} ${what} ${describeReadiness(spec.ready)}; its log ${log} ends with:`, ...said].join('\n'));
}
