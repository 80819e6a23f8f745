import { classesOf } from '#model/behaviour-class.ts';
import { countCheckpoints } from '#model/checkpoint.ts';
import { formatBytes, formatDuration, formatFigure, formatNumber, formatRatio } from '#model/figures.ts';
import { describeDefect } from '#model/defect.ts';
import { dueIterations, type Stage, totalLoadMs } from '#model/load-plan.ts';
import { machineClass } from '#model/machine.ts';
import { entityBytes } from '#model/needs.ts';
import { objectiveNames, objectives } from '#model/objective.ts';
import { baselineOf } from '#model/objectives.ts';
import type { Plan } from '#model/plan.ts';
import type { Entity } from '#model/population-plan.ts';
import { paint } from './colour.ts';
import { renderClock } from './progress-text.ts';
import { renderTable } from './table.ts';

type Row = readonly string[];

/** A whole plan for reading: sizes, schedule, fault timeline, stack, objectives, promises, needs. */
export function renderPlan(plan: Plan, colour = false): string {
  const { population } = plan;
  const title =
    `${plan.workflow} ${plan.wave} · target ${plan.stack.target} · scale ${plan.scale} · seed ${plan.seed} · ` +
    `profile ${population.profile} · history to ${population.asOf}`;
  const section = (name: string, body: string): string => `${paint(name, 'bold', colour)}\n${body}`;
  const table = (name: string, rows: readonly Row[]): string[] =>
    rows.length === 0 ? [] : [section(name, renderTable(rows, '  '))];
  return [
    paint(title, 'bold', colour),
    ...table('Data set', sizes(plan)),
    ...table('Schedule', schedule(plan)),
    ...table('Capacity search', search(plan)),
    ...table('Faults', faults(plan)),
    ...table('Stack', stack(plan)),
    ...table('Objectives', objectiveRows(plan)),
    ...table('Leak watch', leakWatch(plan)),
    section('Promised: the verdict answers', wrap(plan.promises.join(', '))),
    ...(plan.without.length === 0 ? [] : [section('Taken out by --without', wrap(plan.without.join(', ')))]),
    ...table(
      'Not covered',
      plan.notCovered.map(({ question, reason }) => [question, reason]),
    ),
    ...table('Needs', needs(plan)),
    ...(plan.remarks.length === 0 ? [] : [section('Remarks', plan.remarks.map((remark) => `  ${remark}`).join('\n'))]),
  ].join('\n\n');
}

function sizes({ needs: { rows }, population }: Plan): Row[] {
  const notes: Readonly<Record<string, string>> = {
    teams: `${formatNumber(population.users)} private, ${formatNumber(population.teams - population.users)} shared`,
    memberships: `at most ${formatNumber(population.teamMembersMax)} members a team`,
    usageMetrics: `${population.metricsPerToolDay} rows a tool a day for ${population.metricsRetentionDays} days`,
  };
  const bytesOf = (entity: string, count: number): number => entityBytes(entity as Entity, count);
  const all = Object.entries(rows);
  const total = all.reduce((sum, [entity, count]) => sum + bytesOf(entity, count), 0);
  return [
    ...all.map(([entity, count]) => [
      ...[words(entity), formatNumber(count), formatBytes(bytesOf(entity, count)), notes[entity] ?? ''],
    ]),
    [
      'in all',
      formatNumber(all.reduce((sum, [, count]) => sum + count, 0)),
      formatBytes(total),
      'on disk, with indexes',
    ],
  ];
}

function schedule({ load, warmUp, windowsPerExecution, windowsPerCheckpoint, leakLooks }: Plan): Row[] {
  let begun = 0;
  const stages = load.stages.map((stage): Row => {
    const row = [renderClock(begun), stage.name, describeStage(load, stage), formatDuration(stage.durationMs)];
    begun += stage.durationMs;
    return row;
  });
  const engines = load.shards.length === 1 ? '1 engine' : `${load.shards.length} engines`;
  const windows = Math.ceil(begun / load.windowMs);
  const together = `${formatNumber(windowsPerExecution)} to an execution`;
  const checkpoints =
    windowsPerCheckpoint === undefined ? '' : `, ${countCheckpoints(windows, windowsPerCheckpoint)} checkpoints`;
  const early: Row[] = leakLooks === undefined ? [] : [['', 'ends early', 'at a checkpoint that is certain of a leak']];
  return [
    ['before', 'warm-up', 'until the hit ratio settles', `at most ${formatDuration(warmUp.budgetMs)}`],
    ...stages,
    [renderClock(begun), 'drain', 'in-flight iterations end', `at most ${formatDuration(load.drainMs)}`],
    [
      '',
      'model',
      [load.model, whoDrives(load), engines, ...describeRhythm(load), ...describeConnections(load)].join(', '),
    ],
    ['', 'scaling', describeMost(load)],
    ['', 'windows', `${windows} of ${formatDuration(load.windowMs)}, ${together}${checkpoints}`],
    ...early,
  ];
}

/** Where a stage goes: from so many users to so many, or from one rate to another. */
function describeStage({ model }: Plan['load'], stage: Stage): string {
  const { ratePerSecondFrom = 0, ratePerSecondTo = 0, usersFrom, usersTo } = stage;
  const isOpen = model === 'open';
  const [from, to] = isOpen ? [ratePerSecondFrom, ratePerSecondTo] : [usersFrom, usersTo];
  const unit = isOpen ? 'iterations/s' : 'users';
  return from === to ? `${to} ${unit}` : `${from} to ${to} ${unit}`;
}

/** What sets the pace of a load's iterations; where users think as a file of somebody's own says, that is not repeated here. */
function describeRhythm(load: Plan['load']): string[] {
  if (load.model === 'open') {
    const due = formatNumber(dueIterations(load, 0, totalLoadMs(load)));
    return [`${due} iterations due, taken by ${load.virtualUsers} users`];
  }
  if (load.pacingMs !== undefined) return [`an iteration of each user every ${formatDuration(load.pacingMs)}`];
  if (load.driver !== undefined) return [];
  return [`${load.thinkTimeMsMin / 1_000} to ${load.thinkTimeMsMax / 1_000} s of thinking`];
}

const describeConnections = ({ connections }: Plan['load']): string[] =>
  connections === undefined ? [] : [`${formatNumber(connections)} connections shared by all`];

function describeMost({ model, usersMax, driver }: Plan['load']): string {
  if (driver?.kind === 'k6') return 'none: k6 goes by its own clock';
  const most = model === 'open' ? `any rate that ${usersMax} users can take` : `${usersMax} users at most`;
  return `to ${most}, while the load runs`;
}

/** What is offered, how long each look takes, and what ends it; nothing for a load that is no search. */
function search({ capacity }: Plan): Row[] {
  if (capacity === undefined) return [];
  const { minRatePerSecond, startRatePerSecond, maxRatePerSecond, limits, baseline } = capacity;
  const seconds = (ms: number): string => `${ms / 1_000} s`;
  return [
    [
      'rates',
      `from ${startRatePerSecond} iterations/s, ${minRatePerSecond} to ${maxRatePerSecond}; ${minRatePerSecond} at rest`,
    ],
    [
      'probe',
      `${seconds(capacity.settleMs)} to settle, ${seconds(capacity.probeMs)} measured; ${seconds(capacity.coolDownMs)} of rest after one that is not met`,
    ],
    [
      'met',
      `95 % of local reads within ${limits.latencyMsP95Max} ms, ${formatRatio(limits.failedRatioMax)} of iterations failed at most`,
    ],
    [
      'answer',
      `what is met and what is not are ${formatRatio(capacity.resolution)} apart at most; held for ${seconds(capacity.holdMs)}, ${capacity.probes} probes at most`,
    ],
    ['safe limit', `${formatRatio(capacity.safeShare)} of what is met, or the knee where that is lower`],
    [
      'baseline',
      baseline === undefined
        ? 'none is stated for this wave'
        : `${formatNumber(baseline.requestsPerSecond)} requests/s, ${baseline.isBinding ? 'judged' : 'shown, not judged'}`,
    ],
  ];
}

/** The mix, or somebody's own file in its place. */
function whoDrives({ mix, weights, driver }: Plan['load']): string {
  if (driver === undefined) return describeMix({ mix, weights });
  const { kind, file, sha256, scenario, ownSchedule } = driver;
  const classes = scenario === undefined ? '' : ` with ${scenario.classes.map(({ name }) => name).join(', ')}`;
  const schedule = ownSchedule === true ? ' on its own schedule' : '';
  return `${kind} ${file}${classes}${schedule} (SHA-256 ${sha256.slice(0, 12)}…)`;
}

function describeMix({ mix, weights }: Pick<Plan['load'], 'mix' | 'weights'>): string {
  if (weights === undefined) return `mix ${mix}`;
  return `mix of ${classesOf({ mix, weights })
    .map(({ name, weight }) => `${name} ${weight}`)
    .join(', ')}`;
}

const faults = (plan: Plan): Row[] =>
  plan.faults.map(({ fault, kind, victim, offsetMs, holdMs, deadlineMs }) => [
    renderClock(offsetMs),
    fault,
    `${words(kind)}: ${victim}, held for ${formatDuration(holdMs)}`,
    `healed by ${renderClock(offsetMs + deadlineMs)} at the latest`,
  ]);

function stack({ stack: parts, sampleIntervalMs }: Plan): Row[] {
  return [
    [
      'gateways',
      `${parts.gatewayInstances} instances behind nginx, L1 ${formatBytes(parts.l1BytesMax)} and ${parts.databasePoolMax} database connections each`,
    ],
    ['PostgreSQL', `${formatBytes(parts.databaseSharedBuffersBytes)} shared_buffers`],
    ['Redis', `${formatBytes(parts.redisBytesMax)} at most`],
    ['mocks', `${parts.mockGateways} gateways that fail ${formatRatio(parts.mockFailureRate)} of their calls`],
    ['placement', parts.placement],
    ...(parts.defects ?? []).map((defect) => ['planted defect', describeDefect(defect)]),
    ['sampling', `every ${formatDuration(sampleIntervalMs)}`],
  ];
}

/** Every threshold that is stated for this run, by the input before the wave, and where it is judged. */
function objectiveRows({
  wave,
  stack: { mockGateways: gateways },
  objectives: limits,
  overridden = [],
  promises,
}: Plan): Row[] {
  const rows = objectiveNames.flatMap((name): Row[] => {
    const { says, unit, isFloor, question, key } = objectives[name];
    const own = name === 'requestsPerSecond' ? undefined : baselineOf(name, { wave, gateways });
    const limit = limits[key] ?? own;
    if (limit === undefined) return [];
    const told = (value: number): string =>
      `${isFloor ? 'at least' : 'at most'} ${unit === 'connections' ? formatNumber(value) : formatFigure(value, unit)}`;
    const judged = promises.includes(question) ? 'judged' : 'shown, not judged';
    const stated = overridden.find(({ objective }) => objective === name);
    if (stated === undefined) return [[says, told(limit), judged]];
    const ownTold = stated.own === undefined ? 'the wave has none' : `the wave’s own is ${told(stated.own)}`;
    return [[says, told(limit), `${judged}, as asked; ${ownTold}`]];
  });
  return [...rows, ['machine class', machineClass, 'generator on another machine: there the wave’s own bind']];
}

/** Against what a run judges leaks that was asked to; nothing for one that was not. */
function leakWatch({ leakWatch: watch, stack: { collectEveryMs } }: Plan): Row[] {
  if (watch === undefined) return [];
  const { allowedPerHour, settlesWithinHours, materialHours } = watch;
  const length = (hours: number): string => formatDuration(hours * 3_600_000);
  return [
    [
      'allowed',
      `${formatNumber(allowedPerHour.bytes / 1e6)} MB an hour, ${formatNumber(allowedPerHour.count)} an hour of what is counted`,
    ],
    ['settles', `what fills up does so within ${length(settlesWithinHours)}`],
    ['matters', `what would take a tenth of the level in ${length(materialHours)}`],
    ...(collectEveryMs === undefined
      ? []
      : [
          [
            'collects',
            `gateways collect all garbage every ${formatDuration(collectEveryMs)}, so that what they keep is seen`,
          ],
        ]),
  ];
}

const needs = ({ needs: wanted }: Plan): Row[] => [
  ['disk', `about ${formatBytes(wanted.diskBytes)}, of it ${formatBytes(wanted.evidenceBytes)} of evidence`],
  ['memory', `about ${formatBytes(wanted.memoryBytes)}`],
  ['time', `about ${formatDuration(wanted.secondsEstimated * 1_000)}`],
];

/** `usageMetrics` and `kill-gateway` as words. */
const words = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('-', ' ');

const columns = 100;

function wrap(text: string): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `  ${line}`).join('\n');
}
