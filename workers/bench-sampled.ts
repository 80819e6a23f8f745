import { createServer } from 'node:http';
import * as z from 'zod';
import { createMetrics } from '#targets/reference/gateway/metrics.ts';
import { readChildOptions } from './wiring/environment.ts';

/**
 * One of those that `soak bench sampling` samples: it has the metrics page of the reference gateway and answers everything else
 * with a list, made anew each time. At `/spent` it says how many lists that were, and what processor time it took. Left alone
 * it does a little of its own, so that its figures move. It ends by itself.
 */
const { port, livesMs } = readChildOptions(
  'SOAK_BENCH_SAMPLED',
  z.strictObject({ port: z.int().positive(), livesMs: z.int().positive() }),
);

const counts = { l1Hits: 0, l1Misses: 0, l2Hits: 0, l2Misses: 0 };
const bytesStep = 997;
const cache = {
  counts,
  get bytes() {
    return counts.l1Misses * bytesStep;
  },
};
const metrics = createMetrics({ cache, database: { connections: () => ({ total: 10, idle: 7, waiting: 0 }) } });

const itemsOfList = 50;
const missEvery = 20;

function list(): string {
  counts.l1Hits += 1;
  if (counts.l1Hits % missEvery === 0) {
    counts.l1Misses += 1;
    counts.l2Hits += 1;
  }
  const tools = Array.from({ length: itemsOfList }, (_, index) => ({
    ...{ id: index + 1, name: `weather tool ${index + 1}`, description: 'says what the weather is' },
    ...{ scope: 'global', ownerId: counts.l1Hits },
  }));
  return JSON.stringify({ tools });
}

let answered = 0;
const server = createServer((request, response) => {
  const startedAt = performance.now();
  if (request.url === '/spent') {
    const { user, system } = process.cpuUsage();
    response.end(JSON.stringify({ answered, cpuUs: user + system }));
    return;
  }
  if (request.url === '/metrics') {
    void metrics.text().then((text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(list());
  answered += 1;
  const seconds = (performance.now() - startedAt) / 1_000;
  metrics.answered({ route: '/v1/tools', method: request.method ?? '', status: 200, seconds });
});
server.keepAliveTimeout = 3_600_000;
server.listen(port, '127.0.0.1', 4_096);

const stirEveryMs = 100;
setInterval(() => {
  list();
  metrics.answered({ route: '/v1/tools', method: 'GET', status: 200, seconds: Math.random() / 100 });
  metrics.called('us-east', Math.random(), true);
}, stirEveryMs);
setTimeout(() => process.exit(0), livesMs);
process.once('SIGTERM', () => process.exit(0));
