import { createFaultActivities } from '#activities/inject-failures.ts';
import { createProvisionActivities } from '#activities/provision.ts';
import { createWatchActivities } from '#activities/sample.ts';
import { queues } from '#model/queues.ts';
import { createContext } from './wiring/context.ts';
import { readEnvironment } from './wiring/environment.ts';
import { createLog } from './wiring/log.ts';
import { createNemesis } from './wiring/nemesis.ts';
import { takeUpOpenFaults } from './wiring/open-faults.ts';
import { createProvisioner } from './wiring/provisioner.ts';
import { runProcess, runWorkers } from './wiring/temporal-worker.ts';
import { createWatch } from './wiring/watch.ts';

/** Everything that belongs to one host: the stack, samplers and watchdog, faults (design §2). */
const environment = readEnvironment();
const log = createLog(environment, 'host');
const context = createContext(environment, log);
const provision = createProvisionActivities(createProvisioner(context));
await takeUpOpenFaults(context);
await runProcess(log, () =>
  runWorkers(environment, log, [
    { taskQueue: queues.host, activities: { locateHost: () => provision.locateHost() }, activitiesMax: 2 },
    {
      taskQueue: queues.hostOn(environment.host),
      activities: {
        ...provision,
        ...createWatchActivities(createWatch(context)),
        ...createFaultActivities(createNemesis(context)),
      },
      activitiesMax: 16,
    },
  ]),
);
