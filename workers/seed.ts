import { createSeedActivities } from '#activities/seed.ts';
import { queues } from '#model/queues.ts';
import { createContext } from './wiring/context.ts';
import { readEnvironment } from './wiring/environment.ts';
import { createLog } from './wiring/log.ts';
import { createSeeder } from './wiring/seeder.ts';
import { runProcess, runWorkers } from './wiring/temporal-worker.ts';

/** Pulls seeding shards (design §2). Any number of these share the work, on any host that reaches the database. */
const environment = readEnvironment();
const log = createLog(environment, 'seed');
await runProcess(log, () =>
  runWorkers(environment, log, [
    {
      taskQueue: queues.seed,
      activities: createSeedActivities(createSeeder(createContext(environment, log))),
      activitiesMax: 8,
    },
  ]),
);
