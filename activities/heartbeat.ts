import { Context } from '@temporalio/activity';

const beatMs = 1_500;

/** What an activity is told by its surroundings while it works. */
export interface Beat {
  /** Aborted on cancellation, time-out and worker shutdown; its reason's message says which. */
  readonly signal: AbortSignal;
  /** The newest progress, sent with the next heartbeat; a few hundred bytes at most. */
  progress(details: unknown): void;
  /**
   * Sends a heartbeat of its own and resolves when Temporal has taken it: by then nobody else was given this task. Rejects with
   * an error named `AttemptOver` when somebody may have been, with another when Temporal does not answer in two seconds.
   */
  confirm(): Promise<void>;
}

const confirmWithinMs = 2_000;

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
      confirm: () => confirmAttempt(context, newest),
    });
  } finally {
    clearInterval(timer);
  }
}

/** Told with the answer to a heartbeat that was taken; the activity hears of it by its signal. */
const takenAllTheSame = ['ActivityCancelledError', 'ActivityPausedError', 'ActivityResetError'];

async function confirmAttempt({ client, info }: Context, details: unknown): Promise<void> {
  const send = (): Promise<void> => client.activity.heartbeat(info.taskToken, details);
  try {
    await client.connection.withDeadline(Date.now() + confirmWithinMs, send);
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (takenAllTheSame.includes(name)) return;
    if (name !== 'ActivityNotFoundError') throw error;
    const over = new Error('this attempt is over for Temporal: another may have the task', { cause: error });
    over.name = 'AttemptOver';
    throw over;
  }
}
