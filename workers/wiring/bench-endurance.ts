import type { EnduranceOrder, EnduranceReport } from '#cli/load-bench.ts';
import type { DriveLine } from './bench-drive.ts';
import { findPinning } from './bench-process.ts';
import { benchPopulation, createBenchTrials } from './bench-trials.ts';
import type { Context } from './context.ts';
import { withServers } from './load-bench.ts';
import { enduranceBars } from './load-bars.ts';

const settledMinute = 5;

/** The whole engine at full speed for a while, against a target that answers from memory: whether its own memory stays. */
export async function benchEndurance(
  context: Context,
  { minutes, connections }: EnduranceOrder,
  onLine: (line: string) => void,
): Promise<EnduranceReport> {
  const pinning = await findPinning();
  return withServers(context, pinning, async (servers) => {
    const trials = createBenchTrials(context.environment, { folder: servers.folder, pinning });
    const { baseUrl } = await servers.startTarget(benchPopulation);
    const told: EnduranceReport['minutes'][number][] = [];
    let before = { requests: 0, seconds: 0, failed: 0 };
    const onMinute = (line: DriveLine): void => {
      const requestsPerSecond = (line.requests - before.requests) / (line.seconds - before.seconds);
      before = line;
      told.push({ minute: told.length + 1, rssBytes: line.rssBytes, requestsPerSecond });
      onLine(
        `minute ${told.length}: ${Math.round(line.rssBytes / 1e6)} MB, ${Math.round(requestsPerSecond)} requests/s`,
      );
    };
    // A second more, so that the last minute is told.
    const ask = { baseUrl, users: connections, seconds: minutes * 60 + 1, thinkTimeMs: [0, 0] } as const;
    const { failed } = await trials.engine(ask, onMinute);
    const [settled, last] = [told[settledMinute - 1], told.at(-1)];
    const isLonger = settled !== undefined && last !== undefined && last.minute > settledMinute;
    const ratio = isLonger ? { ratioToMinute5: last.rssBytes / settled.rssBytes } : {};
    const report = { minutes: told, requests: before.requests, failed, ...ratio };
    return { ...report, bars: enduranceBars(report) };
  });
}
