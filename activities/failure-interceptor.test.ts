import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';
import { type FailureName, failures } from '#model/failures.ts';
import { createEnvironment, inActivity } from '../test/activity-environment.ts';
import { createFailureInterceptor } from './failure-interceptor.ts';

const intercepted = <T>(work: () => Promise<T>): Promise<T> =>
  inActivity(work, createEnvironment([() => ({ inbound: createFailureInterceptor() })]));

/** What Temporal would see of an activity that throws this. */
async function failureOf(thrown: Error): Promise<unknown> {
  return intercepted(() => Promise.reject(thrown)).then(
    () => undefined,
    (error: unknown) => error,
  );
}

const named = (name: string, message = 'why'): Error => Object.assign(new Error(message), { name });

describe('the failure interceptor', () => {
  it.each(Object.keys(failures) as FailureName[])('gives %s its type and its retry flag', async (name) => {
    const failure = await failureOf(named(name));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: name, message: 'why', nonRetryable: !failures[name].retryable });
  });

  it.each(['Error', 'TypeError', 'NoSuchFailure', 'toString'])(
    'takes an error that is not in the catalogue (%s) for a step that failed and may be tried again',
    async (name) => {
      expect(await failureOf(named(name))).toMatchObject({ type: 'StepFailed', nonRetryable: false });
    },
  );

  it('keeps the cause of what is tried again, whose stack says where it happened', async () => {
    const error = named('SeedFailed');
    expect(await failureOf(error)).toMatchObject({ cause: error });
  });

  it.each([
    ['an adapter', named('PlanMissing')],
    ['an activity', ApplicationFailure.nonRetryable('why', 'PlanMissing')],
  ])('shows what the user has to mend, said by %s, as a message and not as a trace of ours', async (_, error) => {
    expect(await failureOf(error)).toMatchObject({ stack: 'PlanMissing: why', cause: undefined });
  });

  it('cuts a message that is longer than what Temporal should keep', async () => {
    const failure = await failureOf(named('StackFailed', 'x'.repeat(100_000)));
    expect(failure).toMatchObject({ message: 'x'.repeat(2_000) });
  });

  it('lets a failure pass that an activity has named itself', async () => {
    const own = ApplicationFailure.nonRetryable('the stack is held by another', 'StackBusy');
    expect(await failureOf(own)).toBe(own);
  });

  it.each([
    ['a cancellation', new CancelledFailure('CANCELLED')],
    ['an abort', named('AbortError')],
  ])('lets %s pass untouched, so that Temporal takes it for one', async (_, error) => {
    expect(await failureOf(error)).toBe(error);
  });

  it('leaves alone what an activity returns', async () => {
    expect(await intercepted(() => Promise.resolve(42))).toBe(42);
  });
});
