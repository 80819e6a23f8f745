import { setTimeout as sleep } from 'node:timers/promises';
import { operationClasses } from '#model/operation.ts';
import type { ScenarioOutline } from '#model/load-driver.ts';
import type { Answer, VirtualUser } from '../behaviours/behaviour.ts';
import { createOwnTool, deleteOwnTool, updateOwnTool } from '../behaviours/own-tools.ts';
import type { ScenarioAnswer, ScenarioOperation, ScenarioRequest, ScenarioUser, SentAnswer } from '../scenario.ts';

/** Thrown at what a task asks for when its iteration is over: cut off, or out of time. Nobody's mistake. */
export class IterationOver extends Error {
  override readonly name = 'IterationOver';
}

/** Thrown at a task that asks for what there is not. */
class TaskMisuse extends Error {
  override readonly name = 'TaskMisuse';
}

/** What one task is handed for one iteration, and nothing of it afterwards. */
export interface TaskPass {
  readonly user: ScenarioUser;
  /** How often the task asked for anything. */
  asked(): number;
  /** Nothing may be asked any more; resolves when nothing is in flight. */
  close(): Promise<void>;
}

/** One connection a user: what a task does not wait for, waits here. */
const waitingMax = 100;
/** Who asks on after the end, in a loop that catches everything, shall not keep the engine from its work. */
const refusalMs = 200;
const methods: readonly unknown[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export function createTaskPass(
  user: VirtualUser,
  { requests, state }: { requests: ScenarioOutline['requests']; state: Record<string, unknown> },
): TaskPass {
  let isOver = false;
  let asked = 0;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function inTurn<T>(work: () => Promise<T | 'abandoned'>): Promise<T> {
    asked += 1;
    if (waiting >= waitingMax)
      throw new TaskMisuse(`more than ${waitingMax} requests wait for the user's one connection; await them`);
    waiting += 1;
    const turn = last.then(() => (isOver ? 'abandoned' : work()));
    last = turn.catch(() => undefined);
    const ended = await turn.finally(() => (waiting -= 1));
    if (ended !== 'abandoned') return ended;
    isOver = true;
    await sleep(refusalMs);
    throw new IterationOver('the iteration is over');
  }

  const { identity, teamIds, slot } = user;
  return {
    user: {
      identity: { userId: identity.userId, privateTeamId: identity.privateTeamId, teamIds: identity.teamIds },
      ...{ teamIds, slot, state },
      get ownToolIds() {
        return [...user.liveToolIds];
      },
      draw: user.draw,
      request: async (request) => {
        assertRequest(request, requests);
        return inTurn<ScenarioAnswer>(() => user.ask(request));
      },
      send: (operation) =>
        inTurn<SentAnswer>(async () => {
          const { outcome, toolIds } = await carryOut(user, operation);
          if (outcome === 'abandoned') return outcome;
          return { outcome: outcome === 'ok' ? 'ok' : 'failed', toolIds };
        }),
    },
    asked: () => asked,
    async close() {
      isOver = true;
      await last;
    },
  };
}

function assertRequest(request: ScenarioRequest, allowed: ScenarioOutline['requests']): void {
  const { name, path, method = 'GET' } = request;
  if (typeof name !== 'string' || !/^[\x20-\x7e]{1,80}$/.test(name)) {
    throw new TaskMisuse(`a request needs a name of 1 to 80 printable characters, given is ${quoted(name)}`);
  }
  if (Object.hasOwn(operationClasses, name) || name.startsWith('task ')) {
    throw new TaskMisuse(`a request cannot be called ${name}: the report uses that name already`);
  }
  if (typeof path !== 'string' || !path.startsWith('/')) {
    throw new TaskMisuse(
      `the path of ${name} must begin with /, given is ${quoted(path)}: load goes to the run's own stack only`,
    );
  }
  if (!methods.includes(method))
    throw new TaskMisuse(`${quoted(method)} is not a method of ${name}; there are ${methods.join(', ')}`);
  if (allowed === 'none')
    throw new TaskMisuse(`${name}: the scenario says requests: 'none', so that nothing is written past the oracle`);
  if (allowed === 'reads' && method !== 'GET' && method !== 'HEAD') {
    throw new TaskMisuse(`${name}: the scenario says requests: 'reads', and ${method} may write`);
  }
}

/** The oracle follows what users write: their own tools only, with texts that no other write has. */
async function carryOut(user: VirtualUser, operation: ScenarioOperation): Promise<Answer> {
  if (operation.kind === 'create-tool') {
    const answers = answersOf(user);
    const toolId = await createOwnTool(answers.user);
    return answers.lastOr({ outcome: 'failed', toolIds: [] }, toolId);
  }
  if (operation.kind !== 'update-tool' && operation.kind !== 'share-tool' && operation.kind !== 'delete-tool') {
    return user.send(operation);
  }
  const { toolId } = operation;
  const index = user.liveToolIds.indexOf(toolId);
  if (index < 0)
    throw new TaskMisuse(`${operation.kind}: tool ${quoted(toolId)} is not one of the user's own (ownToolIds)`);
  if (operation.kind === 'share-tool') {
    const answer = await user.send(operation);
    if (answer.outcome === 'indeterminate') user.liveToolIds.splice(index, 1);
    return answer;
  }
  const answers = answersOf(user);
  await (operation.kind === 'update-tool' ? updateOwnTool : deleteOwnTool)(answers.user, user.liveToolIds, index);
  return answers.lastOr({ outcome: 'failed', toolIds: [] });
}

/** The same user, whose last answer is remembered. */
function answersOf(user: VirtualUser) {
  let last: Answer | undefined;
  return {
    user: {
      ...user,
      send: async (operation: Parameters<VirtualUser['send']>[0]): Promise<Answer> => {
        last = await user.send(operation);
        return last;
      },
    },
    lastOr: (none: Answer, toolId?: number): Answer =>
      last === undefined ? none : { ...last, toolIds: toolId === undefined ? last.toolIds : [toolId] },
  };
}

/** What a task gave, cut to a length that fits a sentence. */
const quoted = (given: unknown): string => ((JSON.stringify(given) as string | undefined) ?? 'nothing').slice(0, 60);
