import { formatNumber, formatRatio } from '#model/figures.ts';
import type { SeedBenchReport } from './service.ts';
import { renderTable } from './table.ts';

/** What `soak bench seed` says at its end. */
export function renderSeedBench({ wave, workers, rounds, entities, foreign, scaling, peers }: SeedBenchReport): string {
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
