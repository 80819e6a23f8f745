import { formatBytes, formatDuration, formatNumber } from '#model/figures.ts';
import type { ArchiveReport, EvidenceSize } from './evidence-report.ts';
import { renderTable } from './table.ts';

const came = {
  exported: 'exported to',
  imported: 'imported from',
  present: 'here already, the same as in',
  whole: 'whole in',
} as const satisfies Record<ArchiveReport['came'], string>;

export function renderArchiveReport(report: ArchiveReport): string {
  const { run, workflowId, file, bytes, batches, records, outcome, version, exportedAt, seconds } = report;
  const hint = report.came === 'exported' || report.came === 'whole' ? file : run;
  return [
    `${workflowId} (${run}) ${came[report.came]} ${file}`,
    `  ${formatBytes(bytes)}, ${formatNumber(batches)} batches, ${formatNumber(records)} records, in ${formatDuration(seconds * 1_000)}`,
    `  exported by soakwave ${version} at ${exportedAt.slice(0, 19).replace('T', ' ')}; verdict ${outcome ?? 'none'}`,
    `  Judge it again: soak judge ${hint}`,
  ].join('\n');
}

export function renderEvidenceSize(size: EvidenceSize): string {
  const { run, workflowId, batches, records, kinds, bytes, spanMs, bytesIn48Hours, bytesIn48HoursMax } = size;
  const in48Hours =
    bytesIn48Hours === undefined
      ? 'too short to tell'
      : `${formatBytes(bytesIn48Hours)} of ${formatBytes(bytesIn48HoursMax)}${bytesIn48Hours > bytesIn48HoursMax ? ': too much' : ''}`;
  const rows = [
    ['stored', `${formatBytes(bytes)} in ${formatNumber(batches)} batches`],
    ['records', `${formatNumber(records)} over ${formatDuration(spanMs)}`],
    ['48 h of it', in48Hours],
    ...Object.entries(kinds).map(([kind, count]) => [`  ${kind}`, formatNumber(count)]),
  ];
  return `${workflowId} (${run})\n${renderTable(rows, '  ')}`;
}
