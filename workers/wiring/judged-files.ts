import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { JudgedFile, JudgedSeries, JudgeOrder } from '#cli/judged-file.ts';
import { worstOutcome } from '#model/verdict.ts';
import { judgeLeaks } from '#verdict/leak/judge-run.ts';
import { describeReason } from '#verdict/leak/leak-reasons.ts';
import { createSeriesReader, type SeriesFile } from '#verdict/leak/series-lines.ts';
import { UsageError } from './environment.ts';

/** Judges files of bare series, each as one run. What is wrong in any of them is told of all, before one is judged. */
export async function judgeFiles(order: JudgeOrder): Promise<JudgedFile[]> {
  const problems: string[] = [];
  const read: [string, SeriesFile][] = [];
  for (const file of order.files) {
    const found = await readFile(file).catch((error: unknown) =>
      String(error instanceof Error ? error.message : error),
    );
    if (typeof found === 'string') problems.push(`${file}: ${found}`);
    else {
      problems.push(...found.problems.map((problem) => `${file}: ${problem}`));
      read.push([file, found]);
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return read.map(([file, { series, cut }]) => judgeFile(file, { series, cut }, order));
}

async function readFile(path: string): Promise<SeriesFile> {
  const reader = createSeriesReader();
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) reader.line(line);
  return reader.end();
}

function judgeFile(file: string, { series, cut }: Pick<SeriesFile, 'series' | 'cut'>, order: JudgeOrder): JudgedFile {
  const { settlesWithinHours } = order;
  const judged = judgeLeaks(
    series.map(({ unit, ...each }) => ({
      ...each,
      cut,
      limits: { allowedPerHour: order.allowedPerHour[unit], settlesWithinHours },
    })),
  );
  const told = judged.map((each): JudgedSeries => {
    const known = 'slopePerHour' in each ? each : undefined;
    return {
      ...{ series: each.series, incarnation: each.incarnation, outcome: each.outcome },
      ...{ slopePerHour: known?.slopePerHour ?? null, low: finite(known?.low), high: finite(known?.high) },
      ...{ detectablePerHour: finite(known?.detectablePerHour), needHours: finite(known?.needHours) },
      ...{ warmUpEnds: known?.warmUpEnds ?? null, reasons: each.reasons.map(describeReason) },
    };
  });
  return { file, outcome: worstOutcome(told.map(({ outcome }) => outcome)), series: told };
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
