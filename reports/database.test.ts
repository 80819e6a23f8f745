import { describe, expect, it } from 'vitest';
import type { EvidenceSummary, SeriesSummary } from '#model/evidence-summary.ts';
import { databaseSection } from './database.ts';
import type { ReportInput } from './report-input.ts';

const series = (metric: string, values: readonly number[]): SeriesSummary => ({
  ...{ role: 'postgres', incarnation: 1, metric, count: values.length },
  ...{ min: Math.min(...values), max: Math.max(...values), last: values.at(-1) ?? 0 },
  inLoad: {
    ...{ count: values.length, max: Math.max(...values), mean: 0, spanMs: 60_000 },
    ...(metric.endsWith('_total') && { increase: (values.at(-1) ?? 0) - (values[0] ?? 0) }),
  },
  points: values.map((value, index) => [index * 60_000, value]),
});

function textOf(evidence: Partial<EvidenceSummary>): string {
  const section = databaseSection({ evidence } as ReportInput);
  return section === undefined ? '' : section.markup.replaceAll(/<[^>]+>|\s+/g, ' ').replaceAll(/ +/g, ' ');
}

describe('the database in a report', () => {
  it('shows the biggest tables first, and what they grew by', () => {
    const text = textOf({
      series: [
        series('table[gateway.teams]_bytes', [1_024, 2_048]),
        series('table[gateway.tools]_bytes', [10_240, 10_240]),
        series('table[gateway.tools]_dead_rows', [0, 40]),
      ],
    });
    expect(text).toContain('gateway.tools 10 KB 0 B 40 gateway.teams 2 KB 1 KB –');
  });

  it('shows where the time of statements went, the slowest first, and escapes what they say', () => {
    const text = textOf({
      statements: [
        { statement: '1', text: 'select 1' },
        { statement: '-2', text: 'select * from tools where id < $1' },
        { statement: '3', text: 'never run in the load' },
      ],
      series: [
        series('statement[1]_calls_total', [10, 110]),
        series('statement[1]_seconds_total', [1, 2]),
        series('statement[-2]_calls_total', [0, 2]),
        series('statement[-2]_seconds_total', [0, 3]),
        series('statement[3]_calls_total', [5, 5]),
      ],
    });
    expect(text).toContain('select * from tools where id &lt; $1 2 3 1,500 select 1 100 1 10');
    expect(text).not.toContain('never run');
  });

  it('is left out where nothing was seen', () => {
    expect(databaseSection({ evidence: { series: [] as SeriesSummary[] } } as ReportInput)).toBeUndefined();
  });
});
