import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { markStateFolder, refuseStateFolder } from '#compose/state-folder.ts';
import { queues } from '#model/queues.ts';
import type { Environment } from './environment.ts';

const readyWithinMs = 90_000;
const lookMs = 250;
const complaintLines = 20;
const pollerFreshMs = 65_000;
/** `TaskQueueType` of Temporal's API; its package is not ours to import. */
type QueueType = NonNullable<Parameters<Client['workflowService']['describeTaskQueue']>[0]['taskQueueType']>;
/* eslint-disable @typescript-eslint/no-unsafe-enum-assignment -- the enum itself is in that package */
const workflowQueue = 1 as QueueType;
const activityQueue = 2 as QueueType;
/* eslint-enable @typescript-eslint/no-unsafe-enum-assignment */

/** Tries until it works. After 90 s it throws an error named `NotUp` that says what to look at. */
export async function untilReady(what: string, attempt: () => Promise<unknown>, supervisorLog: string): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (cause) {
      if (Date.now() >= deadline) {
        const why = lastComplaint(supervisorLog) ?? (cause instanceof Error ? cause.message : String(cause));
        throw notUp(`${what} did not become ready in ${readyWithinMs / 1_000} s: ${why}; see ${supervisorLog}`);
      }
      await sleep(lookMs);
    }
  }
}

/** Makes a state folder ours. Throws a `NotUp` when a newer version made it: then nothing is touched. */
export function takeStateFolder(stateFolder: string): void {
  const refused = refuseStateFolder(stateFolder);
  if (refused !== undefined) throw notUp(refused);
  markStateFolder(stateFolder);
}

/** Told to the user in one sentence, without a trace (exit 69). */
export function notUp(message: string): Error {
  const error = new Error(message);
  error.name = 'NotUp';
  return error;
}

/** Why the supervisor could not start something, in its own words. */
function lastComplaint(log: string): string | undefined {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-complaintLines) : [];
  for (const line of lines.reverse()) {
    const reason = /"reason":("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
    if (reason !== undefined) return String(JSON.parse(reason));
  }
  return undefined;
}

/** Throws until every queue of this host is polled. */
export async function assertPolled(client: Client, namespace: string, environment: Environment): Promise<void> {
  const wanted = [
    queues.soak,
    queues.seed,
    queues.load,
    queues.host,
    queues.hostOn(environment.host),
    queues.loadOn(environment.host),
  ];
  for (const name of wanted) {
    for (const taskQueueType of name === queues.soak ? [workflowQueue, activityQueue] : [activityQueue]) {
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name },
        taskQueueType,
      });
      const fresh = pollers.some(
        ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > Date.now() - pollerFreshMs,
      );
      if (!fresh) throw new Error(`nobody polls ${name}`);
    }
  }
}
