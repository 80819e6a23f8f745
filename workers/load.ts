import { createLoadActivities } from '#activities/ramp-load.ts';
import { createVerifyActivities } from '#activities/verify.ts';
import { createWarmCacheActivities } from '#activities/warm-cache.ts';
import { queues } from '#model/queues.ts';
import { createCacheWarmer } from './wiring/cache-warmer.ts';
import { createContext } from './wiring/context.ts';
import { createEngineKeeper } from './wiring/engines.ts';
import { readEnvironment } from './wiring/environment.ts';
import { createLog } from './wiring/log.ts';
import { runProcess, runWorkers } from './wiring/temporal-worker.ts';
import { createVerifier } from './wiring/verifier.ts';

/** Starts, adopts and holds engines; warms caches and reads back. Drives no load itself (design §2). */
const environment = readEnvironment();
const log = createLog(environment, 'load');
const context = createContext(environment, log);
const load = createLoadActivities(createEngineKeeper(context));
await runProcess(log, () =>
  runWorkers(environment, log, [
    {
      taskQueue: queues.load,
      activities: {
        placeShard: (request: Parameters<typeof load.placeShard>[0]) => load.placeShard(request),
        ...createWarmCacheActivities(createCacheWarmer(context)),
        ...createVerifyActivities(createVerifier(context)),
      },
      activitiesMax: 4,
    },
    { taskQueue: queues.loadOn(environment.host), activities: load, activitiesMax: 64 },
  ]),
);
