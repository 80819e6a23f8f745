import { CancellationScope, isCancellation, log, sleep } from '@temporalio/workflow';
import { onHost } from './activity-proxies.ts';
import { describeFailure, type Run } from './run.ts';

const watchWindowMs = 4 * 60_000;
/** Before a lost watch is taken up again; it doubles, because what cannot be mended by trying again would fill the history. */
const backoffMsMin = 5_000;
const backoffMsMax = 2 * 60_000;

export interface WatchLoop {
  /** Ends the holding activity. Sampler and watchdog live on until their lease is over or `stopWatching` ends them. */
  stop(): Promise<void>;
}

/** Keeps sampler and watchdog held, window after window, beside everything else that a run does. */
export function keepWatching(run: Run): WatchLoop {
  const scope = new CancellationScope();
  const loop = scope.run(async () => {
    let backoffMs = backoffMsMin;
    for (;;) {
      try {
        const seen = await onHost(run.state.host).holdWatch({ ...run.ref, until: Date.now() + watchWindowMs });
        backoffMs = backoffMsMin;
        if (seen.gatewaysRssBytes !== undefined) run.view.update({ gatewaysRssBytes: seen.gatewaysRssBytes });
      } catch (error) {
        if (isCancellation(error)) return;
        // The judge sees what was not sampled; a run does not end because nobody looks at it for a while.
        log.warn('the watch was lost and is taken up again', { reason: describeFailure(error) });
        if (!(await rested(backoffMs))) return;
        backoffMs = Math.min(2 * backoffMs, backoffMsMax);
      }
    }
  });
  return {
    async stop() {
      scope.cancel();
      await loop;
    },
  };
}

/** False when the watch was ended meanwhile. */
const rested = (durationMs: number): Promise<boolean> =>
  sleep(durationMs, { summary: 'until the watch is taken up again' }).then(
    () => true,
    () => false,
  );
