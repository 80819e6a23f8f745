import { setTimeout as sleep } from 'node:timers/promises';
import type { Behaviour, VirtualUser } from '../behaviours/behaviour.ts';
import type { ScenarioTask, ScenarioUser } from '../scenario.ts';
import type { LoadedScenario } from './scenario-file.ts';
import { createTaskPass, IterationOver } from './task-pass.ts';

/** After an iteration that broke, or asked for nothing: whoever does not think either shall not spin. */
const idleMs = 100;
const detailMax = 300;

/** The classes of a scenario as behaviours of the engine. Whatever a task does, its iteration ends, and the engine goes on. */
export function behavioursOfScenario(scenario: LoadedScenario): Behaviour[] {
  return scenario.outline.classes.map(({ name, weight, thinkTimeMs }, index) => ({
    ...{ name, weight },
    ...(thinkTimeMs === undefined ? {} : { thinkTimeMs }),
    tasks: Object.fromEntries(
      Object.entries(scenario.tasks[index] ?? {}).map(([task, { weight: share, run }]) => [
        task,
        { weight: share, run: createIteration({ task, run, scenario }) },
      ]),
    ),
  }));
}

interface TaskOf {
  readonly task: string;
  readonly run: ScenarioTask['run'];
  readonly scenario: LoadedScenario;
}

function createIteration({ task, run, scenario }: TaskOf): (user: VirtualUser) => Promise<void> {
  const { outline, iterationMsMax } = scenario;
  return async (user) => {
    const pass = createTaskPass(user, { requests: outline.requests, state: stateOf(user) });
    const end = await settle(run, pass.user, { withinMs: iterationMsMax, cutOff: user.cutOff });
    await pass.close();
    if (end.kind === 'cut off' || (end.kind === 'threw' && end.error instanceof IterationOver)) {
      user.taskEnded(task, 'abandoned', '');
    } else if (end.kind === 'threw') {
      user.taskEnded(task, 'task-error', describe(end.error));
    } else if (end.kind === 'late') {
      user.taskEnded(task, 'task-timeout', `it had not ended after ${iterationMsMax / 1_000} s`);
    }
    if (end.kind !== 'returned' || pass.asked() === 0) await pause(user.cutOff);
  };
}

type TaskEnd = { readonly kind: 'returned' | 'late' | 'cut off' } | { readonly kind: 'threw'; readonly error: unknown };

/** Carries a task to an end: its own, the time-out's or the stop's. What it does afterwards is nobody's any more. */
async function settle(
  run: ScenarioTask['run'],
  user: ScenarioUser,
  { withinMs, cutOff }: { withinMs: number; cutOff: AbortSignal },
): Promise<TaskEnd> {
  let ended: (end: TaskEnd) => void = () => undefined;
  const stopped = new Promise<TaskEnd>((resolve) => (ended = resolve));
  const onCutOff = (): void => {
    ended({ kind: 'cut off' });
  };
  const timer = setTimeout(() => {
    ended({ kind: 'late' });
  }, withinMs);
  cutOff.addEventListener('abort', onCutOff);
  if (cutOff.aborted) onCutOff();
  try {
    return await Promise.race([carry(run, user), stopped]);
  } finally {
    clearTimeout(timer);
    cutOff.removeEventListener('abort', onCutOff);
  }
}

async function carry(run: ScenarioTask['run'], user: ScenarioUser): Promise<TaskEnd> {
  try {
    await run(user);
    return { kind: 'returned' };
  } catch (error) {
    return { kind: 'threw', error };
  }
}

const states = new WeakMap<VirtualUser, Record<string, unknown>>();

function stateOf(user: VirtualUser): Record<string, unknown> {
  const known = states.get(user);
  if (known !== undefined) return known;
  const state = {};
  states.set(user, state);
  return state;
}

const pause = (signal: AbortSignal): Promise<unknown> => sleep(idleMs, undefined, { signal }).catch(() => undefined);

function describe(error: unknown): string {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : `it threw ${String(error)}`;
  return said.slice(0, detailMax);
}
