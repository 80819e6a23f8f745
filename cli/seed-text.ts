import { formatBytes, formatDuration, formatNumber } from '#model/figures.ts';
import type { Entity } from '#model/population-plan.ts';
import type { SeedReport, SeedRows, SeedWatch } from './service.ts';
import { renderTable } from './table.ts';
import type { VerbContext } from './verb.ts';

const liveEveryMs = 250;
const plainEveryMs = 5_000;
const barWidth = 24;

interface SeedDisplay {
  readonly watch: Omit<SeedWatch, 'signal'>;
  end(): void;
}

/**
 * On a terminal: a bar for each entity, redrawn in place. Piped: a line every five seconds. `toErr` keeps stdout for the JSON
 * that a script reads.
 */
export function createSeedDisplay(context: VerbContext, toErr: boolean): SeedDisplay {
  const { terminal, now } = context;
  const isLive = terminal.isInteractive && !toErr;
  const print = toErr ? context.err : context.out;
  let count: RowCount | undefined;
  let shownAt = 0;
  let linesShown = 0;
  const clear = (): void => {
    if (linesShown > 0) terminal.write(`\u001B[${linesShown}A\u001B[J`);
    linesShown = 0;
  };
  const show = (): void => {
    if (count === undefined) return;
    if (!isLive) {
      print(describeTotal(count, now()));
      return;
    }
    clear();
    const lines = [...describeEntities(count), describeTotal(count, now())];
    terminal.write(`${lines.map((line) => line.slice(0, terminal.columns - 1)).join('\n')}\n`);
    linesShown = lines.length;
  };
  const say = (line: string): void => {
    clear();
    print(line);
  };
  return {
    watch: {
      onLine: say,
      onStage: (stage, rows) => {
        if (stage === 'rows' && rows !== undefined) count = createCount(rows, now());
        if (stage === 'finish')
          say(
            `${count === undefined ? '' : `${describeTotal(count, now())}\n`}indexes, constraints, statistics, identities and reconciliation`,
          );
        if (stage === 'verify') say('comparing counts and checksums with the plan');
        shownAt = now();
      },
      onRows: (entity, rows) => {
        if (count === undefined) return;
        noteRows(count, { entity, rows, at: now() });
        if (now() - shownAt < (isLive ? liveEveryMs : plainEveryMs)) return;
        shownAt = now();
        show();
      },
    },
    end: clear,
  };
}

/** Rows that were sent, those of shards that had to be sent again included; and when the first and the last of them went. */
interface RowCount extends SeedRows {
  readonly sent: Partial<Record<Entity, number>>;
  readonly begunAt: Partial<Record<Entity, number>>;
  readonly sentAt: Partial<Record<Entity, number>>;
  readonly startedAt: number;
}

const createCount = (rows: SeedRows, startedAt: number): RowCount => ({
  ...{ ...rows, sent: {}, begunAt: {}, sentAt: {}, startedAt },
});

function noteRows(count: RowCount, { entity, rows, at }: { entity: Entity; rows: number; at: number }): void {
  count.sent[entity] = (count.sent[entity] ?? 0) + rows;
  count.begunAt[entity] ??= at;
  count.sentAt[entity] = at;
}

const sum = (rows: Readonly<Partial<Record<Entity, number>>>): number =>
  Object.values(rows).reduce((total, count) => total + count, 0);

/** A row of the display for each entity: how far, how fast, how long still. */
function describeEntities(count: RowCount): string[] {
  const rows = (Object.keys(count.planned) as Entity[]).map((entity) => {
    const wanted = count.planned[entity] ?? 0;
    const sent = count.sent[entity] ?? 0;
    const done = Math.min(wanted, (count.landed[entity] ?? 0) + sent);
    const filled = Math.floor((wanted === 0 ? 1 : done / wanted) * barWidth);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
    const seconds = ((count.sentAt[entity] ?? 0) - (count.begunAt[entity] ?? 0)) / 1_000;
    const pace = describePace({ sent, seconds, left: wanted - done });
    return [words(entity), bar, formatNumber(done), `of ${formatNumber(wanted)}`, pace];
  });
  return renderTable(rows).split('\n');
}

function describeTotal({ planned, landed, sent, startedAt }: RowCount, now: number): string {
  const wanted = sum(planned);
  const done = Math.min(wanted, sum(landed) + sum(sent));
  const percent = Math.floor((wanted === 0 ? 1 : done / wanted) * 100);
  const pace = describePace({ sent: sum(sent), seconds: (now - startedAt) / 1_000, left: wanted - done });
  return `${formatNumber(done)} of ${formatNumber(wanted)} rows (${percent} %)${pace === '' ? '' : `, ${pace}`}`;
}

function describePace({ sent, seconds, left }: { sent: number; seconds: number; left: number }): string {
  if (seconds <= 0 || sent === 0) return '';
  const perSecond = sent / seconds;
  const rate = `${formatNumber(Math.round(perSecond))} rows/s`;
  return left > 0 ? `${rate}, ${formatDuration((left / perSecond) * 1_000)} left` : rate;
}

export function renderSeedReport(report: SeedReport, isVerified: boolean): string {
  const { entities, seconds, wave, scale, seed, profile, wasComplete, differences } = report;
  const head = ['entity', 'rows', 'checksum', ...(isVerified ? [] : ['on disk'])];
  const rows = entities.map(({ entity, rows: count, checksum, bytes }) => [
    words(entity),
    formatNumber(count),
    checksum,
    ...(bytes === undefined ? [] : [formatBytes(bytes)]),
  ]);
  const total = entities.reduce((all, { rows: count }) => all + count, 0);
  const took = formatDuration(seconds * 1_000);
  const what = `${formatNumber(total)} rows of wave ${wave} (scale ${scale}, seed ${seed}, profile ${profile})`;
  const done = wasComplete ? 'were there already: nothing was left to do' : `seeded, indexed and reconciled in ${took}`;
  const verified = differences.length === 0 ? `are exactly as planned: compared in ${took}` : 'differ from the plan:';
  return [
    renderTable([head, ...rows], '  '),
    ...(isVerified || wasComplete ? [] : renderTimes(report)),
    `${what} ${isVerified ? verified : done}`,
    ...differences.map((difference) => `  ${difference}`),
  ].join('\n');
}

/** Seconds of workers by entity, then the stages after them; what took no time is left out. */
function renderTimes({ times }: SeedReport): string[] {
  if (times === undefined) return [];
  const duration = (seconds: number): string => formatDuration(seconds * 1_000);
  const ofEntities = times.entities
    .filter(({ copySeconds, indexSeconds }) => copySeconds + indexSeconds >= shownSecondsMin)
    .map(({ entity, generateSeconds, copySeconds, indexSeconds }) => [
      words(entity),
      duration(generateSeconds),
      duration(copySeconds),
      duration(indexSeconds),
    ]);
  const stages = times.stages.map(({ stage, seconds }) => [stage, duration(seconds)]);
  const head = ['time of workers', 'generating', 'COPY in all', 'partition: indexes'];
  return [renderTable([head, ...ofEntities], '  '), renderTable([['then', ''], ...stages], '  ')];
}

const shownSecondsMin = 0.05;

const words = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
