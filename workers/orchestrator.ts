import { join } from 'node:path';
import { createAuditActivities } from '#activities/audit.ts';
import { createJudgeActivities } from '#activities/judge.ts';
import { createPlanActivities } from '#activities/plan.ts';
import { queues } from '#model/queues.ts';
import { createAuditLog } from './wiring/audit.ts';
import { createContext } from './wiring/context.ts';
import { readEnvironment } from './wiring/environment.ts';
import { createLog } from './wiring/log.ts';
import { createJudge, createPlanner } from './wiring/reckoning.ts';
import { runProcess, runWorkers } from './wiring/temporal-worker.ts';
import { workflowBundle } from './wiring/workflow-bundle.ts';

/** Workflows and cheap activities; planning, judging and reporting happen in child processes (design §2). */
const environment = readEnvironment();
const log = createLog(environment, 'orchestrator');
const { home } = environment;
await runProcess(log, async () =>
  runWorkers(environment, log, [
    {
      taskQueue: queues.soak,
      workflows: await workflowBundle({ home, folder: join(home, 'node_modules', '.cache', 'workflows') }),
      activities: {
        ...createPlanActivities(createPlanner(environment)),
        ...createJudgeActivities(createJudge(environment)),
        ...createAuditActivities(createAuditLog(createContext(environment, log))),
      },
      activitiesMax: 4,
    },
  ]),
);
