import { createLoadActivities } from '#activities/ramp-load.ts';
import { createVerifyActivities } from '#activities/verify.ts';
import { createWarmCacheActivities } from '#activities/warm-cache.ts';
import { queues } from '#model/queues.ts';
import { createCacheWarmer } from './wiring/cache-warmer.ts';
import { createContext } from './wiring/context.ts';
import { createEngineKeeper } from './wiring/engines.ts';
import { readEnvironment } from './wiring/environment.ts';
import { keepPresence } from './wiring/load-presence.ts';
import { createLog } from './wiring/log.ts';
import { type QueueWorker, runProcess, runWorkers } from './wiring/temporal-worker.ts';
import { createVerifier } from './wiring/verifier.ts';

/**
 * Starts, adopts and holds engines; warms caches and reads back where the stack is. A guest has no stack: it holds engines,
 * and takes no task but those that are meant for it. Drives no load itself (design §2).
 */
const environment = readEnvironment();
const log = createLog(environment, 'load');
const context = createContext(environment, log);
const presence = keepPresence(context);
const load = createLoadActivities(createEngineKeeper(context, presence));

const own: QueueWorker = { taskQueue: queues.loadOn(environment.host), activities: load, activitiesMax: 64 };
const shared = (): QueueWorker => ({
  taskQueue: queues.load,
  activities: {
    placeShard: (request: Parameters<typeof load.placeShard>[0]) => load.placeShard(request),
    ...createWarmCacheActivities(createCacheWarmer(context)),
    ...createVerifyActivities(createVerifier(context)),
  },
  activitiesMax: 4,
});

await runProcess(log, async () => {
  await runWorkers(environment, log, environment.guestOf === undefined ? [shared(), own] : [own]);
  presence.close();
});
