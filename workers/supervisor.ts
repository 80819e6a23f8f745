import { readEnvironment } from './wiring/environment.ts';
import { createLog } from './wiring/log.ts';
import { supervise } from './wiring/supervision.ts';
import { runProcess } from './wiring/temporal-worker.ts';

/** Keeps base and workers alive. SIGTERM ends it alone: everything else goes on, and the next one adopts it. */
const environment = readEnvironment();
const log = createLog(environment, 'supervisor');
const ended = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    ended.abort();
  });
}
await runProcess(log, () => supervise(environment, log, ended.signal));
