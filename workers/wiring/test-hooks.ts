import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import type { Environment } from './environment.ts';

/**
 * What tests of durability may ask of a system that was started with `SOAK_TEST_HOOKS=1`, by files in `<state>/hooks/`:
 *
 *   hold-before-<activity>, hold-after-<activity>   every attempt waits there, before or after its work
 *   held-before-<activity>, held-after-<activity>   made by the attempt that waits
 *   keep-down-<role>                                the supervisor leaves a dead part of the base down
 *
 * All of them are bounded, so that a test that dies leaves a system that goes on by itself.
 */
const holdMsMax = 5 * 60_000;
const keepDownMsMax = 10 * 60_000;
const lookMs = 50;

type Hooked = Pick<Environment, 'stateFolder' | 'testHooks'>;

const hooksFolder = ({ stateFolder }: Hooked): string => join(stateFolder, 'hooks');

/** Holds activities where a test wants them; does nothing at all unless the environment allows hooks. */
export function createHoldInterceptor(environment: Hooked): ActivityInboundCallsInterceptor {
  return {
    async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
      if (!environment.testHooks) return next(input);
      await holdAt(environment, 'before');
      const result: unknown = await next(input);
      await holdAt(environment, 'after');
      return result;
    },
  };
}

/** A cancellation or the worker's shutdown ends the wait, as it would end the work. */
async function holdAt(environment: Hooked, point: 'before' | 'after'): Promise<void> {
  const context = Context.current();
  const folder = hooksFolder(environment);
  const name = `${point}-${context.info.activityType}`;
  const isWanted = (): boolean => existsSync(join(folder, `hold-${name}`));
  if (!isWanted()) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `held-${name}`), `${process.pid}\n`);
  const deadline = Date.now() + holdMsMax;
  while (isWanted() && Date.now() < deadline) {
    context.heartbeat();
    await sleep(lookMs, undefined, { signal: context.cancellationSignal });
  }
}

/** Whether a test wants this role of the base to stay dead for now. */
export function isKeptDown(environment: Hooked, role: string): boolean {
  if (!environment.testHooks) return false;
  const wanted = statSync(join(hooksFolder(environment), `keep-down-${role}`), { throwIfNoEntry: false });
  return wanted !== undefined && Date.now() - wanted.mtimeMs < keepDownMsMax;
}
