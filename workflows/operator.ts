import { condition, defineUpdate, setHandler } from '@temporalio/workflow';
import { messages } from '#model/messages.ts';

export type Resolution = 'retry' | 'skip' | 'abort';

/** Ends the run: load stops, faults heal, what there is is judged. */
const abortUpdate = defineUpdate<string, [{ why: string }]>(messages.abort);
/** Says what a blocked step shall do. */
const resolveStepUpdate = defineUpdate<string, [Resolution]>(messages.resolveStep);

/** What people tell a run while it goes on. Handlers only note it; the main loop acts. */
export interface Operator {
  /** Why somebody aborted the run, once they have. */
  abortReason(): string | undefined;
  /** Waits until somebody says what to do with the blocked step. */
  resolution(): Promise<Resolution>;
}

export function createOperator(isBlocked: () => boolean): Operator {
  let abortReason: string | undefined;
  let resolution: Resolution | undefined;
  setHandler(
    abortUpdate,
    ({ why }) => {
      abortReason = why;
      return 'the run is ending: load stops, faults heal, then it is judged';
    },
    {
      description: 'End the run now; it is judged on what there is. Argument: {"why":"…"}',
      validator: (request: unknown) => {
        const why = (request as { why?: unknown } | null)?.why;
        if (typeof why !== 'string' || why.length === 0 || why.length > 500) {
          throw new Error('say why: {"why":"…"}, at most 500 characters');
        }
      },
    },
  );
  setHandler(
    resolveStepUpdate,
    (choice) => {
      resolution = choice;
      return `the blocked step: ${choice}`;
    },
    {
      description: 'Say what a blocked step shall do: "retry", "skip" or "abort"',
      validator: (choice: unknown) => {
        if (!isBlocked()) throw new Error('no step is blocked');
        if (choice !== 'retry' && choice !== 'skip' && choice !== 'abort') {
          throw new Error('choose "retry", "skip" or "abort"');
        }
      },
    },
  );
  return {
    abortReason: () => abortReason,
    async resolution() {
      await condition(() => resolution !== undefined || abortReason !== undefined);
      const chosen = abortReason === undefined ? (resolution ?? 'abort') : 'abort';
      resolution = undefined;
      return chosen;
    },
  };
}
