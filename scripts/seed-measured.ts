import { mkdtempSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import type { SeedBenchReport, SeedReport } from '#cli/service.ts';
import { formatBytes, formatDuration, formatNumber, formatRatio } from '#model/figures.ts';

/**
 * Seeds a wave from nothing in a soakwave of its own, as anybody would, and writes down what it took: time by entity and stage,
 * disk, memory, the second time, a snapshot, and the bench. Nothing of it is left.
 */
const { values } = parseArgs({
  options: {
    wave: { type: 'string', default: 'enterprise' },
    /** Of each entity in the bench. */
    rows: { type: 'string', default: '4000000' },
    output: { type: 'string' },
  },
});
const home = new URL('..', import.meta.url).pathname;
const output = values.output ?? join(home, 'docs', 'testing', `seeding-${values.wave}.md`);
const folder = mkdtempSync(join(tmpdir(), 'soakwave-measured-'));
const env = { SOAK_HOME: folder, SOAK_PORT_OFFSET: '6400', NO_COLOR: '1' };
const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const diskBefore = freeBytes();
  const seeded = await seed();
  const diskBytes = diskBefore - freeBytes();
  say(`seeded in ${formatDuration(seeded.report.seconds * 1_000)}`);
  const again = await seed();
  const snapshot = await trySnapshot(diskBytes);
  const bench = JSON.parse(await soak('bench', 'seed', '--rows', values.rows, '--json')) as SeedBenchReport;
  writeFileSync(output, render({ seeded, again, diskBytes, snapshot, bench }));
  say(`written: ${output}`);
} finally {
  await soak('down', '--purge');
}

interface Seeded {
  readonly report: SeedReport;
  /** Of the one process that generates and sends. */
  readonly peakRssBytes: number;
}

async function seed(): Promise<Seeded> {
  const options = { cwd: home, env, stdin: 'ignore', stderr: 'inherit' } as const;
  const child = execa('scripts/soak', ['seed', values.wave, '--json'], options);
  let peakRssBytes = 0;
  const timer = setInterval(() => {
    peakRssBytes = Math.max(peakRssBytes, peakOf(child.pid ?? 0));
  }, 500);
  const { stdout } = await child.finally(() => {
    clearInterval(timer);
  });
  return { report: JSON.parse(stdout) as SeedReport, peakRssBytes };
}

/** The kernel keeps the highest value itself. */
function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

/** Undefined where a second copy does not fit. */
async function trySnapshot(dataBytes: number): Promise<{ save: string; restore: string } | undefined> {
  if (freeBytes() < dataBytes * 1.2) return undefined;
  const save = await soak('snapshot', 'save', 'measured');
  const restore = await soak('snapshot', 'restore', 'measured');
  return { save: save.trim(), restore: restore.trim() };
}

async function soak(...args: string[]): Promise<string> {
  return (await execa('scripts/soak', args, { cwd: home, env, stderr: 'inherit' })).stdout;
}

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

interface Measured {
  readonly seeded: Seeded;
  readonly again: Seeded;
  readonly diskBytes: number;
  readonly snapshot: { save: string; restore: string } | undefined;
  readonly bench: SeedBenchReport;
}

function render({ seeded, again, diskBytes, snapshot, bench }: Measured): string {
  const { report, peakRssBytes } = seeded;
  const rows = report.entities.reduce((sum, each) => sum + each.rows, 0);
  const duration = (seconds: number): string => formatDuration(seconds * 1_000);
  return [
    `# Seeding the ${report.wave} wave, measured`,
    `Written by \`node scripts/seed-measured.ts${values.wave === 'enterprise' ? '' : ` --wave ${values.wave}`}\` on ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${formatBytes(totalmem())} of memory. Scale ${report.scale}, seed ${report.seed}, profile ${report.profile}.`,
    table(
      ['what', 'figure'],
      [
        ['rows', formatNumber(rows)],
        ['everything: rows, indexes, constraints, statistics, reconciliation', `**${duration(report.seconds)}**`],
        ['disk', formatBytes(diskBytes)],
        ['highest memory of the seeding process, all of its threads', formatBytes(peakRssBytes)],
        ['the same command again, on the complete data set', duration(again.report.seconds)],
        [
          'a snapshot',
          snapshot === undefined ? 'a second copy does not fit this disk' : `${snapshot.save}; ${snapshot.restore}`,
        ],
      ],
    ),
    '## Where the time goes',
    'Seconds of workers, of which there are as many as cores: generating (with checksums and encoding) is part of COPY, and the indexes of a partition are made in the transaction of its rows.',
    table(
      ['entity', 'rows', 'on disk', 'generating', 'COPY in all', 'partition: indexes'],
      report.entities.map((each) => {
        const times = report.times?.entities.find(({ entity }) => entity === each.entity);
        return [
          ...[
            each.entity,
            formatNumber(each.rows),
            formatBytes(each.bytes ?? 0),
            duration(times?.generateSeconds ?? 0),
          ],
          ...[duration(times?.copySeconds ?? 0), duration(times?.indexSeconds ?? 0)],
        ];
      }),
    ),
    table(
      ['stage after the rows', 'took'],
      (report.times?.stages ?? []).map(({ stage, seconds }) => [stage, duration(seconds)]),
    ),
    '## Beside a bare COPY',
    `${bench.workers} connections, medians of ${bench.rounds} rounds in turn; a bare COPY sends the same rows, encoded before the clock starts (\`soak bench seed --rows ${values.rows}\`). _freeze_: into a partition that is made in the same transaction, as into a schema of its own; _plain_: into a table that is there, as into somebody else's.`,
    table(
      ['entity', 'mode', 'rows', 'soakwave, rows/s', 'bare COPY, rows/s', 'ratio'],
      [...bench.entities, ...bench.foreign].map((each) => [
        ...[each.entity, each.mode, formatNumber(each.rows), formatNumber(Math.round(each.rowsPerSecond))],
        ...[formatNumber(Math.round(each.copyRowsPerSecond)), formatRatio(each.ratioToCopy)],
      ]),
    ),
    table(
      ['scaling', 'workers', 'rows/s'],
      bench.scaling.map((each) => [each.entity, `${each.workers}`, formatNumber(Math.round(each.rowsPerSecond))]),
    ),
    table(
      ['peer, on one connection', 'rows', 'rows/s'],
      bench.peers.map((each) => [each.name, formatNumber(each.rows), formatNumber(Math.round(each.rowsPerSecond))]),
    ),
    '',
  ].join('\n\n');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
