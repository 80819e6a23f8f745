import { mkdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnalysisBenchOrder, AnalysisBenchReport } from '#cli/analysis-bench.ts';
import { oneByOne, readAhead } from '#evidence/ahead.ts';
import { type Batch, packBatch, unpackBody } from '#evidence/batch.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import { operationClasses } from '#model/operation.ts';
import { madeLoadStartsAt, planLongRun, producers } from '#verdict/analysis-bench/long-run.ts';
import { foldEvidence } from '#verdict/fold.ts';
import { judge } from '#verdict/judge.ts';
import type { Context } from './context.ts';
import { takeStateFolder } from './readiness.ts';

/** As large as a producer lets a segment become before it begins the next one. */
const segmentCharacters = 1_000_000;
const tellEveryMs = 10_000;
const hourMs = 3_600_000;

/**
 * What the verdict on a long run costs: its evidence is made and packed as the store keeps it, into a file; then, which alone is
 * timed, read, unpacked, folded and judged. Memory is the whole process's, the making included.
 */
export async function benchAnalysis(
  { environment }: Pick<Context, 'environment'>,
  order: AnalysisBenchOrder,
  onLine: (line: string) => void,
): Promise<AnalysisBenchReport> {
  takeStateFolder(environment.stateFolder);
  const folder = join(environment.stateFolder, 'bench-analysis');
  // What one that was killed has left.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  try {
    const path = join(folder, 'bodies');
    const stored = await makeEvidence(path, order, onLine);
    onLine('made; now it is read and judged');
    const { hours, processes, requestsPerSecond, seed } = order;
    return {
      ...{ hours, processes, requestsPerSecond, seed },
      ...stored,
      ...(await analyse(path, order, stored.records)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function analyse(path: string, order: AnalysisBenchOrder, records: number) {
  const plan = planLongRun(order);
  const startedAt = performance.now();
  const secondsSince = (): number => (performance.now() - startedAt) / 1_000;
  const evidence = await foldEvidence({ records: readRecords(path), plan, loadStartsAt: madeLoadStartsAt });
  const foldSeconds = secondsSince();
  const folded = Object.values(evidence.records).reduce((sum, count) => sum + count, 0);
  if (folded !== records) throw new Error(`${folded} of ${records} records were read`);
  const verdict = judge({ plan, evidence, operations: Object.keys(operationClasses), steps: [], seeded: [] });
  const seconds = secondsSince();
  const leak = verdict.answers.find(({ question }) => question === 'memory-leak');
  const series = evidence.lows?.length ?? 0;
  return {
    ...{ seconds, foldSeconds, series },
    judgeSecondsPerSeries: (seconds - foldSeconds) / Math.max(1, series),
    residentBytesMax: process.resourceUsage().maxRSS * 1_024,
    memoryLeak: leak?.outcome ?? 'not asked',
  };
}

const lengthBytes = 4;

/** Each body behind its length. */
async function makeEvidence(path: string, order: AnalysisBenchOrder, onLine: (line: string) => void) {
  const stored = { storedBytes: 0, records: 0 };
  let toldAt = performance.now();
  const file = await open(path, 'wx');
  try {
    for await (const { producer, records, body, toAt } of packed(order)) {
      const length = Buffer.alloc(lengthBytes);
      length.writeUInt32LE(body.length);
      const { bytesWritten } = await file.writev([length, body]);
      if (bytesWritten < lengthBytes + body.length) throw new Error(`the disk is full: ${path} could not be written`);
      stored.storedBytes += body.length;
      stored.records += records;
      if (performance.now() - toldAt < tellEveryMs) continue;
      toldAt = performance.now();
      onLine(
        `${producer}: ${(((toAt ?? madeLoadStartsAt) - madeLoadStartsAt) / hourMs).toFixed(1)} of ${order.hours} h`,
      );
    }
  } finally {
    await file.close();
  }
  return stored;
}

async function* packed(order: AnalysisBenchOrder): AsyncGenerator<Batch> {
  for (const [producer, make] of Object.entries(producers)) {
    let sequence = 0;
    for (const segment of segmentsOf(make(order))) {
      yield await packBatch({ runKey: 'made', producer, incarnation: 1, sequence }, { ...segment, refused: 0 });
      sequence += 1;
    }
  }
}

async function* readBodies(path: string): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    const length = Buffer.alloc(lengthBytes);
    while ((await file.read(length)).bytesRead === lengthBytes) {
      const body = Buffer.alloc(length.readUInt32LE());
      const { bytesRead } = await file.read(body);
      if (bytesRead < body.length) throw new Error(`${path} ends in the middle of a batch`);
      yield body;
    }
  } finally {
    await file.close();
  }
}

/** As the evidence store reads them. */
const readRecords = (path: string): AsyncIterable<EvidenceRecord> => oneByOne(readAhead(readBodies(path), unpackBody));

interface Segment {
  readonly records: EvidenceRecord[];
  readonly lines: string[];
}

function* segmentsOf(records: Iterable<EvidenceRecord>): Generator<Segment> {
  let segment: Segment = { records: [], lines: [] };
  let characters = 0;
  for (const record of records) {
    const line = JSON.stringify(record);
    segment.records.push(record);
    segment.lines.push(line);
    characters += line.length;
    if (characters < segmentCharacters) continue;
    yield segment;
    segment = { records: [], lines: [] };
    characters = 0;
  }
  if (segment.records.length > 0) yield segment;
}
