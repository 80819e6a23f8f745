import { Context } from '@temporalio/activity';

const beatMs = 1_500;

/** What an activity is told by its surroundings while it works. */
export interface Beat {
  /** Aborted on cancellation, time-out and worker shutdown; its reason's message says which. */
  readonly signal: AbortSignal;
  /** The newest progress, sent with the next heartbeat; a few hundred bytes at most. */
  progress(details: unknown): void;
}

/**
 * Runs an activity's work with a heartbeat every 1.5 s, so that a dead worker is known within `heartbeatTimeout` and a
 * cancellation arrives within a throttle interval. How long a hung one may hang is `startToCloseTimeout`'s business.
 */
export async function beating<T>(work: (beat: Beat) => Promise<T>): Promise<T> {
  const context = Context.current(); // the async context is gone in callbacks of other emitters
  let newest: unknown;
  const timer = setInterval(() => {
    context.heartbeat(newest);
  }, beatMs);
  context.heartbeat(newest);
  try {
    return await work({
      signal: context.cancellationSignal,
      progress: (details) => {
        newest = details;
      },
    });
  } finally {
    clearInterval(timer);
  }
}
