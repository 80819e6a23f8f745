import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import type { EnduranceReport, LoadBar, LoadBenchReport, LoadFigures, LoadToolRow } from '#cli/load-bench.ts';
import { formatBytes, formatNumber, formatRatio } from '#model/figures.ts';

/**
 * Runs the bench of the load engine in a soakwave of its own, on a machine that does nothing else, and writes down what it
 * found. Nothing of it is left.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    /** How long the memory of the whole engine is watched at full speed. */
    endurance: { type: 'string', default: '30m' },
    output: { type: 'string' },
  },
});
const home = new URL('..', import.meta.url).pathname;
const output = values.output ?? join(home, 'docs', 'testing', 'load-engine.md');
const folder = mkdtempSync(join(tmpdir(), 'soakwave-measured-'));
const env = { SOAK_HOME: folder, SOAK_PORT_OFFSET: '6400', NO_COLOR: '1' };

async function soak<Report>(...args: string[]): Promise<Report> {
  const options = { cwd: home, env, stdin: 'ignore', stderr: 'inherit' } as const;
  const { stdout } = await execa('scripts/soak', ['bench', 'load', ...args, '--json'], options);
  return JSON.parse(stdout) as Report;
}

function render(report: LoadBenchReport, lasting: EnduranceReport): string {
  return [
    '# The load engine, measured',
    `Written by \`node scripts/load-measured.ts\` on ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${formatBytes(totalmem())} of memory: ${report.connections} connections, medians of ${report.rounds} trials of ${report.seconds} s, all tools in turn. ${report.pinned ? 'Generator and server had a core each.' : 'Generator and server shared the cores.'} What the engine does differently from the others, and where its time goes, is in [decision 17](../decisions/0017-a-client-of-our-own.md).`,
    '## Bars',
    barsTable([...report.bars, ...lasting.bars]),
    '## Beside its peers',
    'Every tool asks one nginx worker for the same small JSON on as many connections, each as soon as it is answered, and keeps its own statistics: soakwave’s HDR histogram of every latency among them. _undici_ is its leanest interface, `dispatch`, with the same histogram: what the engine stood on before. A request’s processor time is the generator’s, start included.',
    table(['tool', ...figureHeads, 'beside wrk'], report.tools.map(toolCells)),
    ...honestyOf(report),
    ...usersOf(report),
    ...openOf(report),
    ...overheadOf(report),
    ...enduranceOf(lasting),
    '',
  ].join('\n\n');
}

const figureHeads = ['requests/s', 'p50, ms', 'p99, ms', 'memory', 'CPU a request, µs', 'failed'];

const figureCells = (figures: LoadFigures): string[] => [
  ...[figures.requestsPerSecond, figures.p50Ms, figures.p99Ms].map(formatNumber),
  ...[formatBytes(figures.rssBytes), formatNumber(figures.cpuUsPerRequest), formatNumber(figures.failed)],
];

function toolCells(row: LoadToolRow): string[] {
  if ('missing' in row) return [row.tool, `not installed: ${row.missing}`, '', '', '', '', '', ''];
  return [row.tool, ...figureCells(row), row.ratioToWrk === undefined ? '' : formatNumber(row.ratioToWrk)];
}

function honestyOf({ honesty }: LoadBenchReport): string[] {
  if (honesty === undefined) return [];
  const { bare, engine, serverBusy } = honesty;
  return [
    '## The price of honesty',
    `The same connections, first with nothing but requests (one listing, for ever), then as in a wave: virtual users with the _enterprise_ mix and no thinking, decks, a check of every answer against what was seeded, the ledger, a journal that keeps every write on disk before it is sent, the spool. The server is the reference API from memory, in one Node process, and it is part of the price: it was busy for ${formatRatio(serverBusy.bare)} of its core under bare requests and ${formatRatio(serverBusy.engine)} under the whole engine, whose operations are also larger. So the generator’s own processor time a request says more than the rates.`,
    table(
      ['what', ...figureHeads],
      [
        ['bare requests', ...figureCells(bare)],
        ['the whole engine', ...figureCells(engine)],
      ],
    ),
  ];
}

function usersOf({ users }: LoadBenchReport): string[] {
  if (users === undefined) return [];
  return [
    '## Many users',
    `${formatNumber(users.users)} virtual users of one engine, each with its own identity and connection, thinking for 0.5 to 1.5 s: all of them there after **${formatNumber(users.spawnSeconds)} s**, **${formatBytes(users.rssBytes)}** at most, ${formatNumber(users.requestsPerSecond)} requests/s, ${formatNumber(users.failed)} failed.`,
  ];
}

function openOf({ openSchedule }: LoadBenchReport): string[] {
  if (openSchedule === undefined) return [];
  const { iterationsPerSecond, lateMsP50, lateMsP99, dropped } = openSchedule;
  return [
    '## How punctual the open model is',
    `${formatNumber(iterationsPerSecond)} iterations fall due each second, after a ramp of ten seconds that counts too, and begin ${formatNumber(lateMsP50)} ms late at p50 and **${formatNumber(lateMsP99)} ms** at p99; ${formatNumber(dropped)} were dropped.`,
  ];
}

function overheadOf({ overhead = [] }: LoadBenchReport): string[] {
  if (overhead.length === 0) return [];
  return [
    '## What it adds to a latency',
    'Both tools at the same gentle rate, which each connection sets by a pause after each answer (wrk’s `delay()`, a timer of ours): the difference between their latencies is what the engine’s event loop and parser add to what the server and the kernel take. At full speed in the first table, latencies say how the requests queue, not what the engine adds.',
    table(
      ['connections', 'pause, ms', 'tool', ...figureHeads],
      overhead.flatMap(({ connections, pauseMs, soakwave, wrk }) => [
        [formatNumber(connections), formatNumber(pauseMs), 'soakwave', ...figureCells(soakwave)],
        [formatNumber(connections), formatNumber(pauseMs), 'wrk', ...figureCells(wrk)],
      ]),
    ),
  ];
}

function enduranceOf({ minutes, requests, failed, ratioToMinute5 }: EnduranceReport): string[] {
  const kept =
    ratioToMinute5 === undefined
      ? ''
      : ` At the end it has ${formatNumber(ratioToMinute5)} times the memory of minute 5.`;
  return [
    '## Memory at full speed',
    `The whole engine, as above, for ${minutes.length} minutes: ${formatNumber(requests)} requests, ${formatNumber(failed)} failed.${kept}`,
    table(
      ['minute', 'memory', 'requests/s'],
      minutes.map(({ minute, rssBytes, requestsPerSecond }) => [
        `${minute}`,
        formatBytes(rssBytes),
        formatNumber(requestsPerSecond),
      ]),
    ),
  ];
}

const barsTable = (bars: readonly LoadBar[]): string =>
  table(
    ['bar', 'wanted', 'found', ''],
    bars.map(({ bar, wanted, found, isMet }) => [bar, formatNumber(wanted), formatNumber(found), isMet ? 'met' : '**missed**']), // prettier-ignore
  );

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

// Last, so that everything above is there; and the figures go to disk before anything is made of them.
const figures = `${output.replace(/\.md$/, '')}.json`;
const bench = await soak<LoadBenchReport>('--seconds', values.seconds, '--rounds', values.rounds);
const endurance = await soak<EnduranceReport>('--endurance', values.endurance);
writeFileSync(figures, `${JSON.stringify({ bench, endurance }, null, 2)}\n`);
writeFileSync(output, render(bench, endurance));
await execa('prettier', ['--log-level', 'warn', '--write', output], { preferLocal: true, cwd: home });
process.stdout.write(`written: ${output}\n`);
