import type { EvidenceSummary, SeriesSummary } from '#model/evidence-summary.ts';
import { formatBytes, formatNumber } from '#model/figures.ts';
import { statementMetric } from '#model/metrics.ts';
import { html, type Markup } from './html.ts';
import type { ReportInput } from './report-input.ts';
import { table } from './tables.ts';

const shownMax = 10;

/** The database's biggest tables and slowest statements during the load; nothing where none was seen. */
export function databaseSection({ evidence }: ReportInput): Markup | undefined {
  const tables = tableRows(evidence);
  const statements = statementRows(evidence);
  if (tables.length === 0 && statements.length === 0) return undefined;
  const figure = (title: string) => ({ title, isFigure: true });
  return html`<h2 id="database">Database</h2>
    <p class="lead">
      As the server counts for itself: what the biggest tables and their indexes hold, and where the time of statements
      went during the load.
    </p>
    ${table([{ title: 'Table' }, figure('Size'), figure('Grown'), figure('Dead rows, at most')], tables, 'No table was seen.')}
    ${table([{ title: 'Statement' }, figure('Calls'), figure('Seconds'), figure('ms a call')], statements, 'The server does not tell of its statements.')}`;
}

const tableName = /^table\[(.+)\]_bytes$/;

function tableRows({ series }: EvidenceSummary): string[][] {
  const sizes = series.flatMap((each) => {
    const name = tableName.exec(each.metric)?.[1];
    return name === undefined ? [] : [{ name, size: each }];
  });
  const dead = (name: string): SeriesSummary | undefined =>
    series.find(({ metric }) => metric === `table[${name}]_dead_rows`);
  return sizes
    .sort((one, other) => other.size.last - one.size.last || (one.name < other.name ? -1 : 1))
    .slice(0, shownMax)
    .map(({ name, size }) => {
      const [first] = size.points[0]?.slice(1) ?? [];
      const grown = first === undefined ? '–' : formatBytes(Math.max(0, size.last - first));
      const deadRows = dead(name)?.max;
      return [name, formatBytes(size.last), grown, deadRows === undefined ? '–' : formatNumber(deadRows)];
    });
}

function statementRows({ series, statements = [] }: EvidenceSummary): (string | Markup)[][] {
  const grown = (metric: string): number =>
    series.filter((each) => each.metric === metric).reduce((sum, { inLoad }) => sum + (inLoad?.increase ?? 0), 0);
  return statements
    .map(({ statement, text }) => ({
      text,
      calls: grown(statementMetric(statement, 'calls_total')),
      seconds: grown(statementMetric(statement, 'seconds_total')),
    }))
    .filter(({ calls }) => calls > 0)
    .sort((one, other) => other.seconds - one.seconds || (one.text < other.text ? -1 : 1))
    .slice(0, shownMax)
    .map(({ text, calls, seconds }) => [
      html`<code>${text}</code>`,
      ...[calls, seconds, (seconds / calls) * 1_000].map(formatNumber),
    ]);
}
