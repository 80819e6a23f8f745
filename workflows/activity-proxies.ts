import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type {
  AuditActivities,
  CollectActivities,
  FaultActivities,
  JudgeActivities,
  LoadActivities,
  PlanActivities,
  ProvisionActivities,
  SeedActivities,
  VerifyActivities,
  WarmCacheActivities,
  WatchActivities,
} from '#model/activities.ts';
import { nonRetryableFailures } from '#model/failures.ts';
import { queues } from '#model/queues.ts';

/**
 * Attempts are unlimited within `scheduleToCloseTimeout`, because a restart of a worker costs one; what cannot be mended
 * by trying again is named in `model/failures.ts`. Unset, `cancellationType` would be TRY_CANCEL.
 */
const base = {
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  heartbeatTimeout: '10 seconds',
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 1.6,
    maximumInterval: '15 seconds',
    nonRetryableErrorTypes: nonRetryableFailures,
  },
} satisfies ActivityOptions;

/** A step that may wait 15 minutes for the evidence store besides its own work (design §2). */
const step = (work: string, total: string) =>
  ({ ...base, startToCloseTimeout: work, scheduleToCloseTimeout: total }) satisfies ActivityOptions;

const short = step('5 minutes', '25 minutes');

export const { planRun, planWaves } = proxyActivities<PlanActivities>({ ...short, taskQueue: queues.soak });
export const { judge, report, compareWaves } = proxyActivities<JudgeActivities>({
  ...step('20 minutes', '40 minutes'),
  taskQueue: queues.soak,
});
/** Beside the load: what takes longer than this is not waited for, and the next one is asked instead. */
export const { checkpoint } = proxyActivities<JudgeActivities>({
  ...step('10 minutes', '15 minutes'),
  taskQueue: queues.soak,
});
/** Nobody waits for it but the end of the run. */
export const { audit } = proxyActivities<AuditActivities>({
  ...step('1 minute', '40 minutes'),
  taskQueue: queues.soak,
});
export const { locateHost } = proxyActivities<ProvisionActivities>({ ...short, taskQueue: queues.host });
export const { prepareSeed, seedShards, finishSeed } = proxyActivities<SeedActivities>({
  ...step('3 hours', '4 hours'),
  taskQueue: queues.seed,
});
export const { warmCache } = proxyActivities<WarmCacheActivities>({
  ...step('30 minutes', '50 minutes'),
  taskQueue: queues.load,
});
export const { verify } = proxyActivities<VerifyActivities>({
  ...step('60 minutes', '80 minutes'),
  taskQueue: queues.load,
});
export const { placeShard } = proxyActivities<LoadActivities>({ ...short, taskQueue: queues.load });

export type HostActivities = ProvisionActivities & WatchActivities & FaultActivities & CollectActivities;

/** Everything that must happen on the host that holds the stack. */
export const onHost = (host: string): HostActivities =>
  proxyActivities<HostActivities>({ ...step('20 minutes', '40 minutes'), taskQueue: queues.hostOn(host) });

/** A task for a host that nobody there takes in this time: whoever holds shards there is gone. */
export const takenWithinMs = 8_000;

/**
 * A shard lives on one host; when no worker there takes the task in time, it is placed again (design §2). Its heartbeats
 * are missed earlier than others: an engine that dies together with its worker is back when the next attempt looks.
 */
export const onLoadHost = (host: string): LoadActivities =>
  proxyActivities<LoadActivities>({
    ...step('30 minutes', '50 minutes'),
    heartbeatTimeout: '5 seconds',
    scheduleToStartTimeout: takenWithinMs,
    taskQueue: queues.loadOn(host),
  });

/** Placing on a chosen host, when load is spread: what does not succeed soon is done elsewhere. */
export const placeOnLoadHost = (
  host: string,
  { withinMs, attemptsMax }: { withinMs: number; attemptsMax: number },
): Pick<LoadActivities, 'placeShard'> =>
  proxyActivities<LoadActivities>({
    ...step('1 minute', '10 minutes'),
    retry: { ...base.retry, maximumAttempts: attemptsMax },
    heartbeatTimeout: '5 seconds',
    scheduleToStartTimeout: withinMs,
    taskQueue: queues.loadOn(host),
  });

/** What a guest's engines wrote comes with it; a guest that is being restarted is waited for. */
export const gatherOnLoadHost = (host: string): Pick<LoadActivities, 'handOverLoad'> =>
  proxyActivities<LoadActivities>({
    ...step('20 minutes', '40 minutes'),
    scheduleToStartTimeout: '1 minute',
    taskQueue: queues.loadOn(host),
  });

/** A search waits for it with nothing offered, and goes on without it when the host does not answer. */
export const measureOnLoadHost = (host: string): Pick<LoadActivities, 'measureProbe'> =>
  proxyActivities<LoadActivities>({
    ...step('1 minute', '3 minutes'),
    heartbeatTimeout: '5 seconds',
    scheduleToStartTimeout: '1 minute',
    taskQueue: queues.loadOn(host),
  });

/** What an operator wants shall reach an engine soon; what takes longer than this is brought by the next window. */
export const steerOnLoadHost = (host: string): Pick<LoadActivities, 'steerLoad'> =>
  proxyActivities<LoadActivities>({
    ...step('1 minute', '5 minutes'),
    scheduleToStartTimeout: takenWithinMs,
    taskQueue: queues.loadOn(host),
  });
