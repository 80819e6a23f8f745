import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { type FailureName, failures } from '#model/failures.ts';

const messageCharactersMax = 2_000;

const isNamed = (name: string): name is FailureName => Object.hasOwn(failures, name);

/**
 * Gives every failure its name from the catalogue. Adapters know nothing of Temporal: they throw errors whose `name` is in
 * `model/failures.ts`; any other error becomes `StepFailed`. The cause is kept; the message is cut, because what Temporal
 * keeps of a failure is bounded.
 */
export function createFailureInterceptor(): ActivityInboundCallsInterceptor {
  return {
    async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
      try {
        return await next(input);
      } catch (error) {
        throw nameFailure(error);
      }
    },
  };
}

function nameFailure(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof CancelledFailure || error.name === 'AbortError') return error;
  if (error instanceof CompleteAsyncError) return error;
  if (error instanceof ApplicationFailure) return withoutTrace(error);
  const type: FailureName = isNamed(error.name) ? error.name : 'StepFailed';
  const nonRetryable = !failures[type].retryable;
  const message = error.message.slice(0, messageCharactersMax);
  // What trying again cannot mend is the user's to mend, and the message says how.
  if (nonRetryable) return withoutTrace(ApplicationFailure.create({ type, message, nonRetryable }));
  return ApplicationFailure.create({ type, message, nonRetryable, cause: error });
}

/** A mistake of the user is a message; where in our code it was found would only bury it. */
function withoutTrace(failure: ApplicationFailure): ApplicationFailure {
  if (failure.nonRetryable === true) failure.stack = `${failure.type ?? 'failure'}: ${failure.message}`;
  return failure;
}
