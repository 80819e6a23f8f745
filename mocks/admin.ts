import fastify, { type FastifyInstance } from 'fastify';
import * as z from 'zod';
import type { History } from './history.ts';
import { MockScenario } from './options.ts';

const ScenarioChange = MockScenario.partial();

export interface AdminParts {
  readonly history: History;
  /** Back to the beginning: counters at zero, the scenario that the mocks were started with. */
  readonly reset: () => void;
  readonly scenario: () => MockScenario;
  readonly setScenario: (scenario: MockScenario) => void;
}

/** The admin port: paths as Smocker has them (R4.3) where they mean the same. */
export function createAdmin({ history, reset, scenario, setScenario }: AdminParts): FastifyInstance {
  const app = fastify({ logger: false });
  app.get('/health', () => ({ status: 'ok' }));
  app.get('/version', () => ({ app_name: 'soakwave mocks', version: '1' }));
  app.get('/history', () => ({ scenario: scenario(), gateways: history.read() }));
  app.post('/reset', () => {
    reset();
    return { message: 'Reset successful' };
  });
  app.put('/scenario', (request, reply) => {
    const change = ScenarioChange.safeParse(request.body);
    if (!change.success) return reply.code(400).send({ message: z.prettifyError(change.error) });
    const { name, failureRate, latencyFactor } = scenario();
    setScenario(MockScenario.parse({ name, failureRate, latencyFactor, ...change.data }));
    return reply.send(scenario());
  });
  return app;
}
