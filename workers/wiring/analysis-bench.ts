import type { AnalysisBenchOrder, AnalysisBenchReport } from '#cli/analysis-bench.ts';
import { packBatch, unpackBody } from '#evidence/batch.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import { operationClasses } from '#model/operation.ts';
import { madeLoadStartsAt, planLongRun, producers } from '#verdict/analysis-bench/long-run.ts';
import { foldEvidence } from '#verdict/fold.ts';
import { judge } from '#verdict/judge.ts';

/** As large as a producer lets a segment become before it begins the next one. */
const segmentCharacters = 1_000_000;
const tellEveryMs = 10_000;

/**
 * What the verdict on a long run costs: its evidence is made, packed as the store keeps it, and then, which alone is timed,
 * unpacked, folded and judged. Memory is the whole process's, the making included.
 */
export async function benchAnalysis(
  order: AnalysisBenchOrder,
  onLine: (line: string) => void,
): Promise<AnalysisBenchReport> {
  const plan = planLongRun(order);
  const clock = createClock();
  const stored = { bytes: 0, records: 0 };
  let toldAt = performance.now();

  async function* records(): AsyncIterable<EvidenceRecord> {
    for (const [producer, make] of Object.entries(producers)) {
      let sequence = 0;
      for (const segment of segmentsOf(make(order))) {
        const identity = { runKey: 'made', producer, incarnation: 1, sequence };
        const { body, toAt = madeLoadStartsAt } = await packBatch(identity, { ...segment, refused: 0 });
        sequence += 1;
        stored.bytes += body.length;
        stored.records += segment.records.length;
        clock.start();
        yield* await unpackBody(body);
        clock.stop();
        if (performance.now() - toldAt < tellEveryMs) continue;
        toldAt = performance.now();
        onLine(`${producer}: ${((toAt - madeLoadStartsAt) / 3_600_000).toFixed(1)} of ${order.hours} h`);
      }
    }
    clock.start();
  }

  const evidence = await foldEvidence({ records: records(), plan, loadStartsAt: madeLoadStartsAt });
  const foldSeconds = clock.stop();
  clock.start();
  const verdict = judge({ plan, evidence, operations: Object.keys(operationClasses), steps: [], seeded: [] });
  const seconds = clock.stop();
  const leak = verdict.answers.find(({ question }) => question === 'memory-leak');
  const series = evidence.lows?.length ?? 0;
  return {
    ...{ hours: order.hours, processes: order.processes, requestsPerSecond: order.requestsPerSecond, seed: order.seed },
    ...{ records: stored.records, storedBytes: stored.bytes, seconds, foldSeconds, series },
    judgeSecondsPerSeries: (seconds - foldSeconds) / Math.max(1, series),
    residentBytesMax: process.resourceUsage().maxRSS * 1_024,
    memoryLeak: leak?.outcome ?? 'not asked',
  };
}

/** Adds up what passes between start and stop. */
function createClock(): { start(): void; stop(): number } {
  let total = 0;
  let since: number | undefined;
  return {
    start() {
      since ??= performance.now();
    },
    stop() {
      if (since !== undefined) total += performance.now() - since;
      since = undefined;
      return total / 1_000;
    },
  };
}

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
