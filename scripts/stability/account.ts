import type { StoredCheckpoint } from '#evidence/checkpoint-table.ts';
import { formatBytes, formatDuration, formatNumber } from '#model/figures.ts';
import type { RunResultFile } from '#reports/result.ts';
import type { PlannedKill } from './kills.ts';
import type { Cost, Disk, Execution } from './measure.ts';

/** One kill, and what came of it. */
export interface Kill extends PlannedKill {
  readonly replacedAfterMs: number | undefined;
}

/** Everything that was measured of one run; `account.json` beside its report. */
export interface Account {
  readonly minutes: number;
  readonly seed: number;
  readonly users: number;
  readonly cores: number;
  readonly shards: number;
  readonly loadStartsAt: number;
  readonly kills: readonly Kill[];
  readonly executions: readonly Execution[];
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly stored: {
    readonly records: number;
    readonly bytes: number;
    readonly kinds: Readonly<Record<string, number>>;
  };
  readonly diskBefore: Disk;
  readonly diskAfter: Disk;
  readonly costs: readonly Cost[];
}

type Row = readonly string[];

const table = (head: Row, rows: readonly Row[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const ownWithinMs = 15_000;

const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0);

/** The page beside the report: what was done to the run, what it cost, and what 48 hours would. */
export function renderAccount(account: Account, result: RunResultFile): string {
  const { minutes, users, cores, kills } = account;
  return `# A stability run of ${minutes} minutes, and ${kills.length} kills

\`make stability-hour\` made this page, [\`report.html\`](report.html), [\`result.json\`](result.json) and [\`account.json\`](account.json): a \`StabilityRun\` of wave ${result.wave} with ${users} virtual users on a machine with ${cores} cores, which generator and target shared. Every victim got SIGKILL at a minute that seed ${account.seed} drew, and nobody helped.

**${result.verdict.headline}** ${formatNumber(result.load.requests)} requests; of ${formatNumber(result.load.due)} virtual-user seconds due ${formatNumber(result.load.delivered)} were delivered, ${formatNumber(result.load.dropped)} dropped, ${formatNumber(result.load.unknown)} unknown.

## Kills

${table(['into the load', 'victim', 'another one after', 'not seen or not delivered'], killRows(account, result))}

## What Temporal kept

${table(['execution', 'activities', 'events', 'history'], executionRows(account))}

## Checkpoints

${table(['no.', 'so far', 'records read', 'took'], checkpointRows(account))}

## Bytes

${table(['where', 'before the load', 'after the run', 'grew'], diskRows(account))}

The evidence store holds ${formatNumber(account.stored.records)} records of this run in ${formatBytes(account.stored.bytes)}.

## What the harness cost

${table(['process', 'CPU over the load', 'cores, mean', 'RSS, largest'], costRows(account))}

## 48 hours, extrapolated

Not measured: the figures above, carried on to 48 hours of the same load on the same stack, with windows of 5 minutes and a checkpoint an hour. What grows with time grows in proportion, and what is bounded stays at its bound.

${table(['what', 'measured', 'in 48 hours', 'how'], projectionRows(account))}
`;
}

/** An outage belongs to the kill of its name that came last before it, or a moment after. */
function killRows({ kills, loadStartsAt }: Account, { outages }: RunResultFile): Row[] {
  return kills.map(({ victim, offsetMs, replacedAfterMs }) => {
    const own = outages.filter(
      ({ name, from }) => name === victim && Math.abs(from - loadStartsAt - offsetMs) < ownWithinMs,
    );
    const lost = sum(own.map(({ from, to }) => to - from));
    return [
      formatDuration(offsetMs),
      victim,
      replacedAfterMs === undefined ? 'not within a minute' : formatDuration(replacedAfterMs),
      lost === 0 ? 'nothing' : formatDuration(lost),
    ];
  });
}

const executionRows = ({ executions }: Account): Row[] => [
  ...executions.map(({ activities, events, historyBytes }, index) => [
    String(index + 1),
    ...[activities, events].map(formatNumber),
    formatBytes(historyBytes),
  ]),
  [
    'together',
    formatNumber(sum(executions.map(({ activities }) => activities))),
    formatNumber(sum(executions.map(({ events }) => events))),
    formatBytes(sum(executions.map(({ historyBytes }) => historyBytes))),
  ],
];

const checkpointRows = ({ checkpoints }: Account): Row[] =>
  checkpoints.map(({ number, headline, records, seconds }) => [
    String(number),
    headline,
    formatNumber(records),
    formatDuration(seconds * 1_000),
  ]);

const places = [
  ['temporal', 'Temporal'],
  ['evidence', 'evidence store'],
  ['run', 'the run’s folder'],
  ['logs', 'logs'],
  ['stack', 'the target’s own data'],
] as const satisfies readonly (readonly [keyof Disk, string])[];

const diskRows = ({ diskBefore, diskAfter }: Account): Row[] =>
  places.map(([place, name]) => [
    name,
    formatBytes(diskBefore[place]),
    formatBytes(diskAfter[place]),
    formatBytes(diskAfter[place] - diskBefore[place]),
  ]);

const costRows = ({ costs, minutes }: Account): Row[] =>
  costs.map(({ role, cpuSeconds, rssBytesMax }) => [
    role,
    `${formatNumber(cpuSeconds)} s`,
    formatNumber(cpuSeconds / (minutes * 60)),
    formatBytes(rssBytesMax),
  ]);

const soakMinutes = 48 * 60;
const windowsOfSoak = soakMinutes / 5;
const executionsOfSoak = Math.ceil(windowsOfSoak / 100);
/** The watch is held anew every 4 minutes; checkpoints are an hour apart, and none follows the last window. */
const watchesOfSoak = soakMinutes / 4;
const checkpointsOfSoak = 47;
/** Stored segments that are kept, and what the engine's journal of writes may take. */
const runBytesMax = (64 + 32) * 1024 * 1024;

function projectionRows(account: Account): Row[] {
  const { minutes, shards, executions, costs } = account;
  const events = sum(executions.map((each) => each.events));
  const activities = sum(executions.map((each) => each.activities));
  const activitiesOfSoak = windowsOfSoak * shards + watchesOfSoak + checkpointsOfSoak + 30;
  const eventsOfSoak = (events / activities) * activitiesOfSoak;
  const grew = account.diskAfter.temporal - account.diskBefore.temporal;
  const cores = sum(costs.map((each) => each.cpuSeconds)) / (minutes * 60);
  const hours = `${formatNumber(cores * 48)} h`;
  return [
    ['executions', formatNumber(executions.length), formatNumber(executionsOfSoak), 'of 100 windows each'],
    [
      'activities',
      formatNumber(activities),
      formatNumber(activitiesOfSoak),
      'windows, watches and checkpoints, counted',
    ],
    ['events', formatNumber(events), formatNumber(eventsOfSoak), `${formatNumber(events / activities)} an activity`],
    [
      'Temporal’s database',
      formatBytes(grew),
      formatBytes((grew / events) * eventsOfSoak),
      `${formatBytes(grew / events)} an event`,
    ],
    ...evidenceRows(account),
    ['CPU of the harness', `${formatNumber(cores)} cores`, hours, 'as measured, engines included'],
  ];
}

function evidenceRows({ minutes, stored, checkpoints, diskBefore, diskAfter }: Account): Row[] {
  const times = soakMinutes / minutes;
  const inProportion = `× ${formatNumber(times)}`;
  const [run, logs, stack] = (['run', 'logs', 'stack'] as const).map((place) => diskAfter[place] - diskBefore[place]);
  const grown = (bytes = 0, max = Infinity): [string, string] => [
    formatBytes(bytes),
    formatBytes(Math.min(bytes * times, Math.max(bytes, max))),
  ];
  const last = checkpoints.at(-1);
  const read = stored.records * times;
  return [
    ['records of evidence', formatNumber(stored.records), formatNumber(stored.records * times), inProportion],
    ['evidence, compressed', ...grown(stored.bytes), inProportion],
    ['the run’s folder', ...grown(run, runBytesMax), `${inProportion}, up to ${formatBytes(runBytesMax)}`],
    ['logs', ...grown(logs), `${inProportion}; 32 MB a process at most`],
    [
      'the target’s own data',
      ...grown(stack),
      `${inProportion}, which is the target’s matter; Prometheus stops at 1 GB`,
    ],
    [
      'the last checkpoint',
      last === undefined ? '–' : formatDuration(last.seconds * 1_000),
      formatDuration(secondsToRead(checkpoints, read) * 1_000),
      'one start, and the records at the rate between first and last',
    ],
  ];
}

/** A reckoning costs its start and then something a record; two of them tell both. */
function secondsToRead(checkpoints: Account['checkpoints'], records: number): number {
  const [first, last] = [checkpoints[0], checkpoints.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const perRecord = Math.max(0, last.seconds - first.seconds) / Math.max(1, last.records - first.records);
  return first.seconds + perRecord * Math.max(0, records - first.records);
}
