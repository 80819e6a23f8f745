import { setTimeout as sleep } from 'node:timers/promises';
import {
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  type ScheduleHandle,
  ScheduleNotFoundError,
  type ScheduleSpec,
} from '@temporalio/client';
import type { RunListing, ScheduleListing, ScheduleOrder, Schedules, Triggered } from '#cli/service.ts';
import { formatDuration } from '#model/figures.ts';
import { queues } from '#model/queues.ts';
import { UsageError } from './environment.ts';
import { type Connect, describeListing } from './run-listing.ts';

/** Ours among the schedules of a namespace, and what one is called in the Temporal UI and CLI. */
const idPrefix = 'soak/';
/** What was missed for longer, because nothing was up, is not made up for: a box that was off must not soak all morning. */
const catchUpMs = 10 * 60_000;
const listedMax = 100;
const nextShown = 5;
const triggeredWithinMs = 10_000;
const lookMs = 200;

/** Runs by the clock: Temporal schedules that start a workflow as anybody could start it (requirement R1). */
export function createSchedules(connect: Connect): Schedules {
  return {
    async create(order) {
      const { client } = await connect();
      const handle = await createSchedule(connect, order);
      const created = await handle.describe();
      if (created.info.nextActionTimes.length > 0) return listingOf(connect, created);
      await client.schedule.getHandle(idPrefix + order.name).delete();
      throw new UsageError([`${sayWhen(order)}: there is no such time; nothing was created`]);
    },
    async list() {
      const { client } = await connect();
      const listed: ScheduleListing[] = [];
      for await (const { scheduleId } of client.schedule.list({ pageSize: listedMax })) {
        if (!scheduleId.startsWith(idPrefix)) continue;
        const described = await client.schedule.getHandle(scheduleId).describe().catch(ignoreMissing);
        if (described !== undefined) listed.push(await listingOf(connect, described));
        if (listed.length >= listedMax) break;
      }
      return listed.sort((one, other) => one.name.localeCompare(other.name));
    },
    async pause(name, why) {
      await named(connect, name, (handle) => handle.pause(why));
    },
    resume: (name, why) =>
      named(connect, name, async (handle) => {
        await handle.unpause(why);
        return listingOf(connect, await handle.describe());
      }),
    remove: (name) =>
      named(connect, name, async (handle) => {
        const { info } = await handle.describe();
        await handle.delete();
        return info.runningActions.map(({ workflow }) => workflow.workflowId);
      }),
    trigger: (name) => named(connect, name, triggerNow),
  };
}

async function createSchedule(connect: Connect, order: ScheduleOrder): Promise<ScheduleHandle> {
  const { client } = await connect();
  const { name, workflow, input } = order;
  try {
    return await client.schedule.create({
      scheduleId: idPrefix + name,
      spec: specOf(order),
      action: {
        type: 'startWorkflow',
        workflowType: workflow,
        // Temporal adds the time: soak/scheduled/nightly-2026-11-23T02:00:00Z
        workflowId: `soak/scheduled/${name}`,
        taskQueue: queues.soak,
        args: [input],
        staticSummary: `schedule ${name}: ${workflow} ${JSON.stringify(input)}`.slice(0, 180),
      },
      policies: { overlap: 'SKIP', catchupWindow: catchUpMs, pauseOnFailure: true },
    });
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) {
      throw new UsageError([
        `there is a schedule ${name} already; soak schedule list shows it, soak schedule delete ${name} takes it away`,
      ]);
    }
    const refusal = refusalOf(error);
    if (refusal !== undefined) throw new UsageError([`${sayWhen(order)}: ${refusal}; nothing was created`]);
    throw error;
  }
}

function specOf({ when }: ScheduleOrder): ScheduleSpec {
  if ('everyMs' in when) return { intervals: [{ every: when.everyMs }] };
  // The server keeps no cron expression, only the times that it stands for; a comment stays with them.
  return { cronExpressions: [`${when.cron} # ${when.cron}`], timezone: when.timeZone };
}

const sayWhen = ({ when }: ScheduleOrder): string =>
  'everyMs' in when ? `every ${formatDuration(when.everyMs)}` : `cron "${when.cron}" in ${when.timeZone}`;

/** What the server says of times that it cannot read: its reason, without the layers that it came through. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof TypeError) return error.message;
  const cause = error instanceof Error ? error.cause : undefined;
  const invalidArgument = 3;
  return isGrpcServiceError(cause) && (cause.code as number) === invalidArgument ? cause.details : undefined;
}

async function named<T>(connect: Connect, name: string, work: (handle: ScheduleHandle) => Promise<T>): Promise<T> {
  const { client, namespace, address } = await connect();
  try {
    return await work(client.schedule.getHandle(idPrefix + name));
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new UsageError([
      `namespace ${namespace} at ${address} has no schedule ${name}; soak schedule list names those there are`,
    ]);
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}

/** A trigger is asynchronous and says nothing: what came of it is read from the schedule's counts. */
async function triggerNow(handle: ScheduleHandle): Promise<Triggered> {
  const before = (await handle.describe()).info;
  await handle.trigger('SKIP'); // left out, it would start a second run beside the first
  const deadline = Date.now() + triggeredWithinMs;
  while (Date.now() < deadline) {
    const { info } = await handle.describe();
    const newest = info.recentActions.at(-1)?.action.workflow;
    if (newest !== undefined && info.numActionsTaken > before.numActionsTaken) {
      return { kind: 'started', workflowId: newest.workflowId, runKey: newest.firstExecutionRunId };
    }
    if (info.numActionsSkippedOverlap > before.numActionsSkippedOverlap) {
      return { kind: 'skipped', running: info.runningActions.map(({ workflow }) => workflow.workflowId) };
    }
    await sleep(lookMs);
  }
  return { kind: 'unseen' };
}

async function listingOf(connect: Connect, described: ScheduleDescription): Promise<ScheduleListing> {
  const { scheduleId, action, spec, state, info } = described;
  const args: unknown = action.args;
  const last = await lastRun(connect, info);
  return {
    name: scheduleId.slice(idPrefix.length),
    workflow: action.workflowType,
    input: Array.isArray(args) ? args[0] : undefined,
    when: describeTimes(spec),
    timeZone: spec.timezone === undefined || spec.timezone === '' ? 'UTC' : spec.timezone,
    paused: state.paused,
    ...(state.note === undefined || state.note === '' ? {} : { note: state.note }),
    next: state.paused ? [] : info.nextActionTimes.slice(0, nextShown).map((time) => time.toISOString()),
    ...(last === undefined ? {} : { last }),
    started: info.numActionsTaken,
    skipped: info.numActionsSkippedOverlap,
    missed: info.numActionsMissedCatchupWindow,
  };
}

async function lastRun(connect: Connect, info: ScheduleDescription['info']): Promise<RunListing | undefined> {
  const newest = info.recentActions.at(-1)?.action.workflow;
  return newest && describeListing(connect, { workflowId: newest.workflowId });
}

/** As it was typed; what somebody changed by other means has no comment, and is in the Temporal UI. */
function describeTimes({ calendars = [], intervals = [] }: ScheduleDescription['spec']): string {
  return [
    ...calendars.map(({ comment }) => comment ?? 'a calendar'),
    ...intervals.map(({ every }) => `every ${formatDuration(every)}`),
  ].join('; ');
}
