import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseSegment, segmentsAmong } from '#evidence/segment.ts';
import type { RunRef } from '#model/activities.ts';
import type { Plan } from '#model/plan.ts';
import type { ProbePart } from '#model/probe.ts';
import { createProbeFold } from '#verdict/probe-fold.ts';
import type { Context } from './context.ts';

const lookMs = 250;
/** A second is closed, flushed and on disk within this of its end. */
const writtenMs = 750;
/** What is not there by then is not waited for: its engine died, or stands still. */
const waitMsMax = 6_000;

export interface ProbeRequest {
  readonly from: number;
  readonly to: number;
  /** Where a shard's engine is held, if it is held here. */
  readonly folderOf: (shard: number) => string;
  readonly signal: AbortSignal;
}

/**
 * What this host's engines wrote down of a probe, from the run's spool: it needs neither the store nor the engines. Segments
 * that were uploaded are still there, for much longer than a probe lasts.
 */
export async function readProbe(context: Context, run: RunRef, request: ProbeRequest): Promise<ProbePart> {
  const plan = await context.readPlan(run);
  const { spool } = context.runPlaces(run);
  const engines = plan.load.shards.filter(({ shard }) => existsSync(request.folderOf(shard))).length;
  const owed = engines * Math.round((request.to - request.from) / 1_000);
  for (;;) {
    await sleep(Math.max(0, request.to + writtenMs - Date.now()), undefined, { signal: request.signal });
    const part = await foldSpool(spool, plan, request);
    if (part.recorded >= owed || Date.now() >= request.to + waitMsMax) return part;
    await sleep(lookMs, undefined, { signal: request.signal });
  }
}

/** @internal */
export async function foldSpool(
  folder: string,
  { capacity }: Pick<Plan, 'capacity'>,
  { from, to }: { from: number; to: number },
): Promise<ProbePart> {
  if (capacity === undefined) throw new Error('the plan of this run has no capacity search');
  const fold = createProbeFold([{ from, to }], capacity.limits.latencyMsP95Max);
  for (const { file, producer } of segmentsAmong(await readdir(folder))) {
    if (!/^engine-\d+$/.test(producer)) continue;
    const text = await readSince(folder, file, from);
    for (const record of parseSegment(text).records) fold.add(record);
  }
  const [part] = fold.parts();
  if (part === undefined) throw new Error('a probe was asked for, and none was folded');
  return part;
}

/** Nothing of a file that was written last before `since`. A segment that is closed or uploaded meanwhile has another name. */
async function readSince(folder: string, file: string, since: number): Promise<string> {
  const names = [file, file.replace(/\.part$/, ''), `${file.replace(/\.part$/, '')}.done`];
  for (const name of names) {
    const path = join(folder, name);
    try {
      const { mtimeMs } = await stat(path);
      return mtimeMs < since ? '' : await readFile(path, 'utf8');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return '';
}
