import { formatBytes, formatNumber, formatRatio } from '#model/figures.ts';
import type { EnduranceReport, LoadBar, LoadBenchReport, LoadFigures, LoadToolRow } from './load-bench.ts';
import { renderTable } from './table.ts';

/** What `soak bench load` says at its end. */
export function renderLoadBench(report: LoadBenchReport): string {
  const { seconds, rounds, connections, pinned, tools, honesty, users, openSchedule, overhead = [] } = report;
  const where = pinned ? 'a core for who asks and one for who answers' : 'not pinned: cores are shared';
  const parts = [
    [
      `${connections} connections, medians of ${rounds} trials of ${seconds} s in turn; ${where}`,
      table(['tool', ...figureHeads, 'beside wrk'], tools.map(toolCells)),
    ],
    honesty && [
      `The whole engine against a target that answers from memory, which used ${formatRatio(honesty.serverBusy.engine)} of its core (${formatRatio(honesty.serverBusy.bare)} under bare requests)`,
      table(
        ['what', ...figureHeads],
        [
          ['bare requests', ...figureCells(honesty.bare)],
          ['behaviours, checks, ledger, journal, spool', ...figureCells(honesty.engine)],
        ],
      ),
    ],
    users && [
      `${formatNumber(users.users)} virtual users in one engine: there after ${formatNumber(users.spawnSeconds)} s, ${formatBytes(users.rssBytes)}, ${formatNumber(users.requestsPerSecond)} requests/s, ${formatNumber(users.failed)} failed`,
    ],
    openSchedule && [
      `Open model, ${formatNumber(openSchedule.iterationsPerSecond)} iterations/s: late by ${formatNumber(openSchedule.lateMsP50)} ms at p50 and ${formatNumber(openSchedule.lateMsP99)} ms at p99, ${formatNumber(openSchedule.dropped)} dropped`,
    ],
    overhead.length === 0
      ? undefined
      : [
          'Latency at a gentle rate, the same for both',
          table(
            ['connections', 'pause, ms', 'tool', ...figureHeads],
            overhead.flatMap(({ connections: count, pauseMs, soakwave, wrk }) => [
              [formatNumber(count), formatNumber(pauseMs), 'soakwave', ...figureCells(soakwave)],
              [formatNumber(count), formatNumber(pauseMs), 'wrk', ...figureCells(wrk)],
            ]),
          ),
        ],
    renderBars(report.bars),
  ];
  return parts.flatMap((part) => part ?? []).join('\n');
}

export function renderEndurance({ minutes, requests, failed, ratioToMinute5, bars }: EnduranceReport): string {
  const last = minutes.at(-1);
  const kept = ratioToMinute5 === undefined ? '' : `, ${formatNumber(ratioToMinute5)} times that of minute 5`;
  return [
    `${formatNumber(requests)} requests in ${minutes.length} min, ${formatNumber(failed)} failed; memory ${formatBytes(last?.rssBytes ?? 0)} at the end${kept}`,
    ...renderBars(bars),
  ].join('\n');
}

const figureHeads = ['requests/s', 'p50, ms', 'p99, ms', 'memory', 'CPU, µs a request', 'failed'];

const figureCells = (figures: LoadFigures): string[] => [
  ...[figures.requestsPerSecond, figures.p50Ms, figures.p99Ms].map(formatNumber),
  ...[formatBytes(figures.rssBytes), formatNumber(figures.cpuUsPerRequest), formatNumber(figures.failed)],
];

function toolCells(row: LoadToolRow): string[] {
  if ('missing' in row) return [row.tool, `not installed: ${row.missing}`];
  return [row.tool, ...figureCells(row), row.ratioToWrk === undefined ? '' : formatNumber(row.ratioToWrk)];
}

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  renderTable([heads, ...rows], '  ');

function renderBars(bars: readonly LoadBar[]): string[] {
  if (bars.length === 0) return [];
  const rows = bars.map(({ bar, wanted, found, isMet }) => [bar, formatNumber(wanted), formatNumber(found), isMet ? 'met' : 'missed']); // prettier-ignore
  return ['Bars', table(['bar', 'wanted', 'found', ''], rows)];
}
