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
        count.sent[entity] = (count.sent[entity] ?? 0) + rows;
        if (now() - shownAt < (isLive ? liveEveryMs : plainEveryMs)) return;
        shownAt = now();
        show();
      },
    },
    end: clear,
  };
}

/** Rows that were sent, those of shards that had to be sent again included. */
interface RowCount extends SeedRows {
  readonly sent: Partial<Record<Entity, number>>;
  readonly startedAt: number;
}

const createCount = (rows: SeedRows, startedAt: number): RowCount => ({ ...rows, sent: {}, startedAt });

const sum = (rows: Readonly<Partial<Record<Entity, number>>>): number =>
  Object.values(rows).reduce((total, count) => total + count, 0);

function describeEntities({ planned, landed, sent }: RowCount): string[] {
  const names = Object.keys(planned) as Entity[];
  const rows = names.map((entity) => {
    const wanted = planned[entity] ?? 0;
    const done = Math.min(wanted, (landed[entity] ?? 0) + (sent[entity] ?? 0));
    const share = wanted === 0 ? 1 : done / wanted;
    const filled = Math.floor(share * barWidth);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
    return [words(entity), bar, formatNumber(done), `of ${formatNumber(wanted)}`];
  });
  return renderTable(rows).split('\n');
}

function describeTotal({ planned, landed, sent, startedAt }: RowCount, now: number): string {
  const wanted = sum(planned);
  const done = Math.min(wanted, sum(landed) + sum(sent));
  const seconds = (now - startedAt) / 1_000;
  const perSecond = seconds > 0 ? sum(sent) / seconds : 0;
  const left = perSecond > 0 ? `, ${formatDuration(((wanted - done) / perSecond) * 1_000)} left` : '';
  const percent = Math.floor((wanted === 0 ? 1 : done / wanted) * 100);
  return `${formatNumber(done)} of ${formatNumber(wanted)} rows (${percent} %), ${formatNumber(Math.round(perSecond))} rows/s${done < wanted ? left : ''}`;
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
