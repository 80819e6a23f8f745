import { stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ArchiveReport, ArchiveWatch, ExportOrder } from '#cli/evidence-report.ts';
import type { Service } from '#cli/service.ts';
import { dataFolderOf } from '#compose/postgres.ts';
import { serverUser } from '#compose/system-user.ts';
import { type ArchiveHeader, archiveVersion } from '#evidence/archive/archive-entry.ts';
import { type ArchiveFacts, openArchive, verifyArchive } from '#evidence/archive/archive-reader.ts';
import { writeArchive } from '#evidence/archive/archive-writer.ts';
import { badArchive } from '#evidence/archive/bad-archive.ts';
import { differingSections } from '#evidence/archive/stored-run.ts';
import { formatBytes } from '#model/figures.ts';
import { evidenceBytesIn48HoursMax } from '#model/needs.ts';
import { Plan } from '#model/plan.ts';
import type { Context } from './context.ts';
import { UsageError } from './environment.ts';
import { versionOf } from './kept-verdict.ts';
import { fateOf } from './run-fate.ts';
import { fileEntries, listTravelling, placeFiles } from './run-files.ts';
import type { Connect } from './run-listing.ts';
import { planHashOf } from './run-plan.ts';
import { fromStore, usingArchive } from './store-errors.ts';

/** Left free on a disk that an archive is written to, or a store is filled on. */
const reserveBytes = 64 * 1024 ** 2;
/** A row and its share of the write-ahead log. */
const storeShare = 2;
const hours48Ms = 48 * 3_600_000;
const spanMsMin = 30_000;

/** Evidence as files: out of the store here, and into it. */
export function createEvidenceDesk(context: Context, connect: Connect): Pick<Service, 'evidence'> {
  const { store } = context;
  return {
    evidence: {
      exportRun: (order, watch) => fromStore(() => exportRun(context, connect, { order, watch })),
      importRun: (file, watch) => usingArchive(file, () => fromStore(() => importRun(context, file, watch))),
      show: async (file, { signal }) => {
        const startedAt = performance.now();
        const facts = await usingArchive(file, () => verifyArchive(file, signal));
        return reportOf(file, { came: 'whole', header: facts.header, run: facts.run, startedAt });
      },
      size: (name) =>
        fromStore(async () => {
          const { runKey, workflowId } = await findStored(context, name);
          const { batches, records, kinds, bytes, fromAt = 0, toAt = 0 } = await store.totals(runKey);
          const spanMs = toAt - fromAt;
          return {
            ...{ run: runKey, workflowId, batches, records, kinds, bytes, spanMs },
            ...(spanMs >= spanMsMin && { bytesIn48Hours: (bytes / spanMs) * hours48Ms }),
            bytesIn48HoursMax: evidenceBytesIn48HoursMax,
          };
        }),
    },
  };
}

async function findStored({ store }: Context, name: string): Promise<{ runKey: string; workflowId: string }> {
  await store.migrate();
  const runKey = await store.resolveRun(name);
  const stored = runKey === undefined ? undefined : await store.readPlan(runKey);
  if (stored !== undefined) return stored;
  throw new UsageError([
    name === 'latest'
      ? 'there is no run in the evidence store here yet'
      : `${name}: there is no such run in the evidence store here; soak list shows what there is`,
  ]);
}

async function exportRun(
  context: Context,
  connect: Connect,
  { order, watch }: { order: ExportOrder; watch: ArchiveWatch },
): Promise<ArchiveReport> {
  const startedAt = performance.now();
  const { store, environment } = context;
  const { runKey, workflowId } = await findStored(context, order.run);
  const [run] = await firstOf(store.entries(runKey));
  if (run?.entry !== 'run') throw new Error(`run ${runKey} was found in the evidence store and is not there`);
  if (run.outcome === undefined) await assertOver(connect, { runKey, workflowId });
  const path = resolve(order.to ?? `soak-${runKey}.soak`);
  const [totals, told] = [await store.totals(runKey), await store.countTold(runKey)];
  const files = await listTravelling(context.runPlaces({ runKey }).folder);
  const fileBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  await assertRoom(dirname(path), totals.bytes + fileBytes);
  const header: ArchiveHeader = {
    ...{ archive: 'soakwave evidence', formatVersion: archiveVersion, runKey, workflowId },
    ...{ exportedAt: new Date().toISOString(), version: versionOf(environment.home) },
    contents: {
      ...{ batches: totals.batches, records: totals.records, ...told },
      ...{ files: files.length, storedBytes: totals.bytes, fileBytes },
    },
  };
  async function* entries() {
    yield* store.entries(runKey);
    yield* fileEntries(files);
  }
  let batches = 0;
  await writeArchive(
    path,
    { header, entries: entries() },
    {
      ...{ force: order.force, signal: watch.signal },
      onEntry: ({ entry }) => {
        if (entry === 'batch') watch.onProgress((batches += 1), totals.batches);
      },
    },
  ).catch((error: unknown) => explainWriting(error, path));
  return reportOf(path, { came: 'exported', header, run, startedAt });
}

async function firstOf<T>(list: AsyncIterable<T>): Promise<T[]> {
  for await (const first of list) return [first];
  return [];
}

/** Of a run that goes on there is no whole evidence yet. */
async function assertOver(connect: Connect, run: { runKey: string; workflowId: string }): Promise<void> {
  const fate = await fateOf(connect, run);
  if (fate === 'over') return;
  throw new UsageError([
    fate === 'active'
      ? `${run.workflowId} goes on: its evidence can be exported when it has ended`
      : `${run.workflowId} has no verdict yet, and Temporal does not say whether it goes on: soak up, then try again`,
  ]);
}

function explainWriting(error: unknown, path: string): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof Error && error.name === 'FileExists') {
    throw new UsageError([`${path} is there already; --force replaces it, --to FILE names another`]);
  }
  if (['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'ENOTDIR', 'EISDIR', 'EPERM'].includes(code)) {
    throw new UsageError([`${path} cannot be written: ${(error as Error).message}; nothing was left there`]);
  }
  throw error;
}

async function importRun(context: Context, file: string, watch: ArchiveWatch): Promise<ArchiveReport> {
  const startedAt = performance.now();
  const { store, places } = context;
  const { signal } = watch;
  const facts = await verifyArchive(file, signal);
  assertPlan(facts);
  const { header, run } = facts;
  const { runKey, contents } = header;
  await store.migrate();
  await assertRoom(
    dataFolderOf({ folder: join(places.base, 'evidence'), runAs: serverUser() }),
    contents.storedBytes * storeShare + contents.fileBytes,
  );
  let batches = 0;
  const came = await store.importRun(await openArchive(file, signal), {
    signal,
    onBatch: () => {
      watch.onProgress((batches += 1), contents.batches);
    },
  });
  if (came === 'present') await assertSame(context, facts);
  await placeFiles(await openArchive(file, signal), context.runPlaces({ runKey }).folder);
  return reportOf(file, { came, header, run, startedAt });
}

/** Before anything is written: a run whose plan cannot be read here could be neither judged nor listed. */
function assertPlan({ run, header }: ArchiveFacts): void {
  const plan = Plan.safeParse(run.plan);
  if (!plan.success) {
    throw badArchive(
      `its plan is none that this version of soakwave reads; it was made by ${header.version}: use that one, or a newer one`,
      plan.error,
    );
  }
  if (planHashOf(plan.data) !== run.planHash) throw badArchive('its plan is not the one that the run agreed on');
}

async function assertSame({ store }: Context, { header: { runKey }, sections }: ArchiveFacts): Promise<void> {
  const differing = await differingSections(store.entries(runKey), sections);
  if (differing.length === 0) return;
  throw new UsageError([
    `run ${runKey} is in the evidence store here already, with another content: ${differing.join(', ')} differ.` +
      ' Nothing was changed; another SOAK_HOME has room for it',
  ]);
}

/** Said before anything is written, with the figures. */
async function assertRoom(folder: string, bytes: number): Promise<void> {
  const found = await statfs(folder).catch(() => undefined);
  if (found === undefined) return;
  const free = found.bavail * found.bsize;
  if (free >= bytes + reserveBytes) return;
  throw new UsageError([
    `${folder} has ${formatBytes(free)} free, and up to ${formatBytes(bytes)} are needed, with ${formatBytes(reserveBytes)} to spare`,
  ]);
}

async function reportOf(
  file: string,
  {
    came,
    header,
    run,
    startedAt,
  }: Pick<ArchiveReport, 'came'> & Pick<ArchiveFacts, 'header' | 'run'> & { startedAt: number },
): Promise<ArchiveReport> {
  const { runKey, workflowId, contents, version, exportedAt } = header;
  return {
    ...{ run: runKey, workflowId, file, came, bytes: (await stat(file)).size },
    ...{ batches: contents.batches, records: contents.records, version, exportedAt },
    ...(run.outcome === undefined ? {} : { outcome: run.outcome }),
    seconds: Math.round((performance.now() - startedAt) / 10) / 100,
  };
}
