import { formatNumber, formatRatio } from '#model/figures.ts';
import { WaveName } from '#model/wave.ts';
import { exitCodes } from '../exit-codes.ts';
import type { SeedBenchOrder, SeedBenchReport } from '../service.ts';
import { renderTable } from '../table.ts';
import { type Call, jsonFlag, type Verb, type VerbContext } from '../verb.ts';

const rowsRange = [10_000, 20_000_000] as const;
const workersRange = [1, 64] as const;
const roundsRange = [1, 21] as const;

export const bench: Verb = {
  name: 'bench',
  summary: 'measure soakwave against its peers on this machine',
  operand: { name: 'WHAT', means: 'seed', most: 1 },
  flags: [
    { name: 'wave', value: 'WAVE', kind: 'text', means: 'whose rows are taken (default enterprise)' },
    { name: 'rows', value: 'N', kind: 'number', means: 'rows of each entity (default 4000000)' },
    { name: 'workers', value: 'N', kind: 'number', means: 'connections (default: cores)' },
    { name: 'rounds', value: 'N', kind: 'number', means: 'trials of each, of which the median counts (default 3)' },
    { ...jsonFlag, means: 'progress to stderr, the result as last line of stdout' },
  ],
  examples: [
    ['soak bench seed', 'the seeder against a bare binary COPY of the same rows, generate_series and pgbench'],
    ['soak bench seed --rows 500000 --rounds 1', 'a quick look'],
  ],
  check: (call) => readOrder(call).problems,
  run: benchAndTell,
};

function readOrder({ operands, flags }: Call): { order: SeedBenchOrder; problems: string[] } {
  const problems: string[] = [];
  if (operands[0] !== 'seed') problems.push('WHAT: there is a bench for seed');
  const wave = WaveName.safeParse(flags['wave'] ?? 'enterprise');
  if (!wave.success) problems.push(`--wave: allowed are ${WaveName.options.join(', ')}`);
  const whole = (name: string, [min, max]: readonly [number, number]): number | undefined => {
    const value = flags[name];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    problems.push(`--${name}: given ${String(value)}; it must be a whole number from ${min} to ${max}`);
    return undefined;
  };
  const workers = whole('workers', workersRange);
  const order = {
    wave: wave.data ?? 'enterprise',
    rows: whole('rows', rowsRange) ?? 4_000_000,
    rounds: whole('rounds', roundsRange) ?? 3,
    ...(workers === undefined ? {} : { workers }),
  };
  return { order, problems };
}

async function benchAndTell(call: Call, { service, out, err }: VerbContext): Promise<number> {
  const { order } = readOrder(call);
  const asJson = call.flags['json'] === true;
  const report = await service.benchSeed(order, asJson ? err : out);
  out(asJson ? JSON.stringify(report) : renderSeedBench(report));
  return exitCodes.ok;
}

function renderSeedBench({ wave, workers, rounds, entities, foreign, scaling, peers }: SeedBenchReport): string {
  const rate = (perSecond: number): string => formatNumber(Math.round(perSecond / 1_000));
  const compared = [...entities, ...foreign].map((each) => [
    each.entity,
    each.mode === 'freeze' ? 'own partition, FREEZE' : 'plain COPY',
    formatNumber(each.rows),
    rate(each.rowsPerSecond),
    rate(each.copyRowsPerSecond),
    formatRatio(each.ratioToCopy),
  ]);
  const head = ['entity', 'how', 'rows', 'soakwave, 1,000 rows/s', 'bare COPY, 1,000 rows/s', 'ratio'];
  return [
    `Rows of wave ${wave} on ${workers} connections, medians of ${rounds}; bare COPY sends the same rows, encoded before`,
    renderTable([head, ...compared], '  '),
    'Scaling',
    renderTable(
      scaling.map((each) => [each.entity, `${each.workers} workers`, `${rate(each.rowsPerSecond)} thousand rows/s`]),
      '  ',
    ),
    'Peers, on one connection',
    renderTable(
      peers.map((each) => [
        each.name,
        `${formatNumber(each.rows)} rows`,
        `${rate(each.rowsPerSecond)} thousand rows/s`,
      ]),
      '  ',
    ),
  ].join('\n');
}
