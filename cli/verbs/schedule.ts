import { exitCodes } from '../exit-codes.ts';
import { inputFlags } from '../run-flags.ts';
import {
  listScheduleProblems,
  readScheduleAction,
  readScheduleOrder,
  type ScheduleAction,
  timeFlags,
  whyFlag,
} from '../schedule-order.ts';
import { renderCreated, renderSchedules } from '../schedule-text.ts';
import type { Schedules, Triggered } from '../service.ts';
import { jsonFlag, type Verb } from '../verb.ts';

export const schedule: Verb = {
  name: 'schedule',
  summary: 'runs by the clock: create, list, pause, resume, delete, trigger',
  operand: {
    name: 'ACTION NAME',
    means: 'create, list, pause, resume, delete or trigger, and the schedule’s name, which you choose',
    most: 2,
  },
  flags: [...timeFlags, ...inputFlags, whyFlag, jsonFlag],
  examples: [
    ['soak schedule create nightly --wave small --cron "0 2 * * *"', 'the small wave each night at two, UTC'],
    [
      'soak schedule create weekend --workflow StabilityRun --wave small --duration 48h --cron "0 18 * * 5" --time-zone Europe/Vienna',
      'Fridays at six in the evening there',
    ],
    ['soak schedule create smoke --wave smoke --every 6h', 'at 0, 6, 12 and 18 o’clock UTC'],
    ['soak schedule list', 'when next, what came of the last, what is paused and why'],
    ['soak schedule pause nightly --why "disk is being replaced"', ''],
    ['soak schedule resume nightly', ''],
    ['soak schedule trigger nightly', 'now, unless its last run still goes on; also while it is paused'],
    ['soak schedule delete nightly', 'what it started goes on'],
  ],
  check: listScheduleProblems,
  run: async (call, { service, out, err }) => {
    const { action } = readScheduleAction(call);
    if (action === undefined) throw new Error('an action that had passed its check is gone');
    const why = call.flags['why'];
    const asked = {
      name: call.operands[1] ?? '',
      order: readScheduleOrder(call).order,
      why: typeof why === 'string' ? why : 'resumed by soak schedule resume',
    };
    const done = await actions[action](service.schedules, asked);
    if (call.flags['json'] === true) out(JSON.stringify(done.json));
    if (done.refused === true) {
      err(done.text);
      return exitCodes.fail;
    }
    if (call.flags['json'] !== true) out(done.text);
    return exitCodes.ok;
  },
};

interface Asked {
  readonly name: string;
  readonly order: ReturnType<typeof readScheduleOrder>['order'];
  readonly why: string;
}

interface Done {
  readonly text: string;
  readonly json: unknown;
  readonly refused?: true;
}

const actions: Readonly<Record<ScheduleAction, (schedules: Schedules, asked: Asked) => Promise<Done>>> = {
  create: async (schedules, { order }) => {
    const created = await schedules.create(order);
    return { text: renderCreated(created), json: created };
  },
  list: async (schedules) => {
    const listed = await schedules.list();
    return { text: renderSchedules(listed), json: listed };
  },
  pause: async (schedules, { name, why }) => {
    await schedules.pause(name, why);
    return { text: `${name} is paused; a run that it started goes on.`, json: { name, paused: true } };
  },
  resume: async (schedules, { name, why }) => {
    const resumed = await schedules.resume(name, why);
    return { text: `${name} goes on; next ${resumed.next[0] ?? 'never'}.`, json: resumed };
  },
  delete: async (schedules, { name }) => {
    const running = await schedules.remove(name);
    const goingOn = running.length === 0 ? '' : ` ${running.join(', ')} goes on: soak abort ends it.`;
    return { text: `${name} is deleted.${goingOn}`, json: { name, deleted: true, running } };
  },
  trigger: async (schedules, { name }) => describeTriggered(name, await schedules.trigger(name)),
};

function describeTriggered(name: string, triggered: Triggered): Done {
  const json = { name, ...triggered };
  switch (triggered.kind) {
    case 'started':
      return { text: `${name} started ${triggered.workflowId}\nFollow it: soak attach ${triggered.workflowId}`, json };
    case 'skipped': {
      const running = triggered.running.join(', ');
      return {
        text: `${name} started nothing: ${running} still goes on, and two would share one stack.`,
        json,
        refused: true,
      };
    }
    case 'unseen':
      return {
        text: `${name} was told, and nothing has come of it yet: soak schedule list shows it.`,
        json,
        refused: true,
      };
  }
}
