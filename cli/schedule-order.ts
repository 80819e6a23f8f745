import { DurationText } from '#model/duration.ts';
import { nearestWord } from '#model/spelling.ts';
import { inputFlags, listSurplusWaves, readRunOrder } from './run-flags.ts';
import type { ScheduleOrder } from './service.ts';
import { type Call, type Flag, jsonFlag } from './verb.ts';

export const scheduleActions = ['create', 'list', 'pause', 'resume', 'delete', 'trigger'] as const;
export type ScheduleAction = (typeof scheduleActions)[number];

export const whyFlag: Flag = {
  name: 'why',
  value: 'TEXT',
  kind: 'text',
  means: 'pause, resume: the reason; soak schedule list shows it',
};

/** What only `create` takes, before everything that a run takes. */
export const timeFlags: readonly Flag[] = [
  {
    name: 'cron',
    value: 'CRON',
    kind: 'text',
    means: 'when: minute hour day month weekday, e.g. "0 2 * * 0"; or @daily',
  },
  { name: 'every', value: 'LENGTH', kind: 'text', means: 'when: each so many, counted from midnight UTC, e.g. 24h' },
  { name: 'time-zone', value: 'ZONE', kind: 'text', means: 'of --cron, e.g. Europe/Vienna (default UTC)' },
  {
    name: 'wave',
    value: 'WAVE',
    kind: 'list',
    means: 'smoke, small, medium, large, enterprise; AllWaves takes several',
  },
];

const everyMsMin = 60_000;

/** Undefined when the first word is no action; the problems say so. */
export function readScheduleAction({ operands: [given] }: Call): { action?: ScheduleAction; problems: string[] } {
  const action = scheduleActions.find((each) => each === given);
  if (action !== undefined) return { action, problems: [] };
  if (given === undefined) return { problems: [`ACTION is missing; allowed are ${scheduleActions.join(', ')}`] };
  const nearest = nearestWord(given, scheduleActions);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return { problems: [`ACTION: given ${JSON.stringify(given)}; allowed are ${scheduleActions.join(', ')}${hint}`] };
}

/** Every problem of a call, so that nothing is created of which a part is wrong (R9.1). */
export function listScheduleProblems(call: Call): string[] {
  const { action, problems } = readScheduleAction(call);
  if (action === undefined) return problems;
  const stray = Object.keys(call.flags)
    .filter((name) => !flagsOf[action].has(name))
    .map((name) => `--${name} is of no use to soak schedule ${action}`);
  const own = action === 'create' ? readScheduleOrder(call).problems : [];
  const unsaid = action === 'pause' && call.flags['why'] === undefined ? [reasonMissing] : [];
  return [...stray, ...checkName(action, call.operands[1]), ...own, ...unsaid, ...checkWhy(call)];
}

const reasonMissing =
  '--why is missing: say why in a few words; soak schedule list shows it for as long as it is paused';

const names = (flags: readonly Flag[]): string[] => flags.map(({ name }) => name);
const flagsOf: Readonly<Record<ScheduleAction, ReadonlySet<string>>> = {
  create: new Set([...names(timeFlags), ...names(inputFlags), jsonFlag.name]),
  list: new Set([jsonFlag.name]),
  pause: new Set([whyFlag.name, jsonFlag.name]),
  resume: new Set([whyFlag.name, jsonFlag.name]),
  delete: new Set([jsonFlag.name]),
  trigger: new Set([jsonFlag.name]),
};

function checkName(action: ScheduleAction, name: string | undefined): string[] {
  if (action === 'list') return name === undefined ? [] : ['soak schedule list takes no NAME: it shows every schedule'];
  if (name === undefined) return [`NAME is missing: how the schedule is called, as in soak schedule ${action} nightly`];
  return /^[a-z0-9][a-z0-9-]{0,59}$/.test(name)
    ? []
    : [`NAME: given ${JSON.stringify(name.slice(0, 60))}; small letters, digits and dashes, at most 60`];
}

const checkWhy = ({ flags: { why } }: Call): string[] =>
  typeof why === 'string' && why.length > 500 ? ['--why: at most 500 characters'] : [];

/** What `create` asks for. Unattended, a blocked step would wait for ever: so it aborts, unless the call says otherwise. */
export function readScheduleOrder(call: Call): { order: ScheduleOrder; problems: string[] } {
  const { wave, ...flags } = call.flags;
  const asRun = { operands: Array.isArray(wave) ? wave : [], flags, problems: [] };
  const { order, problems } = readRunOrder(asRun, '--wave');
  const when = readWhen(call);
  return {
    order: {
      name: call.operands[1] ?? '',
      workflow: order.workflow,
      input: { ...order.input, onBlocked: order.input['onBlocked'] ?? 'abort' },
      when: when.when,
    },
    problems: [...problems, ...listSurplusWaves(order, asRun, '--wave'), ...when.problems],
  };
}

function readWhen({ flags }: Call): { when: ScheduleOrder['when']; problems: string[] } {
  const { cron, every, 'time-zone': zone } = flags;
  const timeZone = typeof zone === 'string' ? zone : 'UTC';
  if (every === undefined) {
    const problems = [...checkCron(cron), ...checkTimeZone(timeZone)];
    return { when: { cron: typeof cron === 'string' ? cron.trim() : '', timeZone }, problems };
  }
  const parsed = DurationText.safeParse(every);
  const everyMs = parsed.data ?? everyMsMin;
  const problems = parsed.success ? [] : [`--every: given ${JSON.stringify(every)}; ${messageOf(parsed.error)}`];
  if (everyMs < everyMsMin) problems.push(`--every: given ${JSON.stringify(every)}; it must be at least 1m`);
  if (cron !== undefined) problems.push('--cron and --every exclude each other');
  if (zone !== undefined) problems.push('--time-zone goes with --cron: --every counts from midnight UTC');
  return { when: { everyMs }, problems };
}

const messageOf = ({ issues: [first] }: { issues: { message: string }[] }): string => first?.message ?? '';

/** Only the shape: which values there are, the server knows, and it is asked before anything is created. */
function checkCron(cron: unknown): string[] {
  if (typeof cron !== 'string') return ['--cron or --every is missing: when shall it start?'];
  const fields = cron.trim().split(/\s+/);
  if (/^@\w+$/.test(cron.trim())) return [];
  if (/#|=/.test(cron)) return [`--cron: given ${JSON.stringify(cron)}; no comment, and the time zone is --time-zone`];
  return fields.length >= 5 && fields.length <= 7
    ? []
    : [
        `--cron: given ${JSON.stringify(cron)}; it must be five fields, minute hour day month weekday, as in "0 2 * * 0"`,
      ];
}

function checkTimeZone(timeZone: string): string[] {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return [];
  } catch {
    return [`--time-zone: given ${JSON.stringify(timeZone)}; it must be a name such as UTC or Europe/Vienna`];
  }
}
