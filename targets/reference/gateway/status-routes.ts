import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './api-parts.ts';

const readyWithinMs = 2_000;

/** For load balancers, probes and readers of the API; no token needed. */
export function addStatusRoutes(app: FastifyInstance, parts: ApiParts): void {
  app.get('/health', { schema: { summary: 'The process answers' } }, () => ({
    status: 'ok',
    instance: parts.instance,
  }));

  app.get('/ready', { schema: { summary: 'Database and Redis answer as well' } }, async (_request, reply) => {
    const [database, redis] = await Promise.all([answers(parts.database.ping()), answers(parts.cache.ping())]);
    return reply.code(database && redis ? 200 : 503).send({ database, redis });
  });

  app.get('/metrics', { schema: { summary: 'Prometheus metrics' } }, async (_request, reply) =>
    reply.type(parts.metrics.contentType).send(await parts.metrics.text()),
  );

  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}

async function answers(ping: Promise<void>): Promise<boolean> {
  const { promise: late, cancel } = after(readyWithinMs);
  const isAnswered = await Promise.race([
    ping.then(
      () => true,
      () => false,
    ),
    late,
  ]);
  cancel();
  return isAnswered;
}

function after(delayMs: number): { promise: Promise<false>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, delayMs);
  });
  return {
    promise,
    cancel: () => {
      clearTimeout(timer);
    },
  };
}
