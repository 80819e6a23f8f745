import { CancellationScope, isCancellation, log } from '@temporalio/workflow';
import { onHost } from './activity-proxies.ts';
import { describeFailure, type Run } from './run.ts';

const watchWindowMs = 4 * 60_000;

export interface WatchLoop {
  /** Ends the holding activity. Sampler and watchdog live on until their lease is over or `stopWatching` ends them. */
  stop(): Promise<void>;
}

/** Keeps sampler and watchdog held, window after window, beside everything else that a run does. */
export function keepWatching(run: Run): WatchLoop {
  const scope = new CancellationScope();
  const loop = scope.run(async () => {
    for (;;) {
      try {
        const seen = await onHost(run.state.host).holdWatch({ ...run.ref, until: Date.now() + watchWindowMs });
        if (seen.gatewaysRssBytes !== undefined) run.view.update({ gatewaysRssBytes: seen.gatewaysRssBytes });
      } catch (error) {
        if (isCancellation(error)) return;
        // The judge sees what was not sampled; a run does not end because nobody looks at it for a while.
        log.warn('the watch was lost and is taken up again', { reason: describeFailure(error) });
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
