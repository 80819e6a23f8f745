import type { EnduranceReport, LoadBar, LoadBenchReport, LoadTool } from '#cli/load-bench.ts';

const megabyte = 1024 ** 2;

/** The requirements on an engine that the figures of this report can answer. */
export function barsOf(report: Omit<LoadBenchReport, 'bars'>): LoadBar[] {
  const rateOf = (tool: LoadTool): number | undefined => {
    const row = report.tools.find((each) => each.tool === tool);
    return row === undefined || 'missing' in row ? undefined : row.requestsPerSecond;
  };
  const ours = rateOf('soakwave');
  const beside = (tool: LoadTool, wanted: number): LoadBar[] => {
    const theirs = rateOf(tool);
    return ours === undefined || theirs === undefined
      ? []
      : [atLeast(`requests/s beside ${tool}`, wanted, ours / theirs)];
  };
  const { users, openSchedule } = report;
  return [
    ...beside('wrk', 0.5),
    ...beside('autocannon', 1),
    ...beside('k6', 4),
    ...beside('locust-fasthttp', 4),
    ...beside('locust-http', 15),
    ...(users === undefined
      ? []
      : [
          atMost(`MB of memory for ${users.users} users`, 512, users.rssBytes / megabyte),
          atMost(`seconds to spawn ${users.users} users`, 10, users.spawnSeconds),
        ]),
    ...(openSchedule === undefined ? [] : [atMost('ms late at p99, open model', 5, openSchedule.lateMsP99)]),
  ];
}

export const enduranceBars = ({ ratioToMinute5 }: Omit<EnduranceReport, 'bars'>): LoadBar[] =>
  ratioToMinute5 === undefined ? [] : [atMost('memory at the end beside minute 5', 1.05, ratioToMinute5)];

const atLeast = (bar: string, wanted: number, found: number): LoadBar => ({
  bar,
  wanted,
  found,
  isMet: found >= wanted,
});
const atMost = (bar: string, wanted: number, found: number): LoadBar => ({
  bar,
  wanted,
  found,
  isMet: found <= wanted,
});
