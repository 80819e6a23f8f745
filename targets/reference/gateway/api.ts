import swagger from '@fastify/swagger';
import fastify, { LogController, type FastifyError, type FastifyInstance } from 'fastify';
import type { ApiParts } from './api-parts.ts';
import { addFederationRoutes } from './federation-routes.ts';
import { addStatusRoutes } from './status-routes.ts';
import { addTeamRoutes } from './team-routes.ts';
import { addToolRoutes } from './tool-routes.ts';

const bodyBytesMax = 256 * 1_024;

/** The API of R3.1, described at `/openapi.json`. `prepare` sees it before its routes are added. */
export async function createApi(parts: ApiParts, prepare: (app: FastifyInstance) => void): Promise<FastifyInstance> {
  const app = fastify({
    logger: { level: 'error' },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax,
    // Longer than the load balancer keeps an idle connection, so that it is never this side that closes one in use.
    keepAliveTimeout: 75_000,
    // A request that comes in while closing is still answered; the connection ends after it.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { removeAdditional: false } },
  });
  // Declared up front, so that all requests have one shape.
  app.decorateRequest('caller');
  app.setErrorHandler(createErrorAnswer());
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-gateway-instance', parts.instance);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const seconds = reply.elapsedTime / 1_000;
    parts.metrics.answered({ route, method: request.method, status: reply.statusCode, seconds });
    done();
  });
  await app.register(swagger, {
    openapi: {
      info: { title: 'Reference gateway', version: '1.0.0' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
  });
  prepare(app);
  addStatusRoutes(app, parts);
  await app.register(
    (api, _options, done) => {
      api.addHook('onRequest', (request, _reply, next) => {
        request.caller = parts.callerOf(request.headers.authorization);
        next();
      });
      api.addHook('onRoute', (route) => {
        route.schema = { ...route.schema, security: [{ bearer: [] }] };
      });
      addToolRoutes(api, parts);
      addTeamRoutes(api, parts);
      addFederationRoutes(api, parts);
      done();
    },
    { prefix: '/v1' },
  );
  return app;
}

/** Connection lost, refused or not to be had in time; the server stopping or starting. */
const isUnavailable = (error: FastifyError): boolean =>
  /^(ECONN|EPIPE|ETIMEDOUT|57P0|53300)/.test(error.code) || /connection|timeout/i.test(error.message);

/** A database that is away is a 503 that may be tried again; everything unforeseen is a 500. At most one line a second is logged. */
function createErrorAnswer(): Parameters<FastifyInstance['setErrorHandler']>[0] {
  let loggedAt = 0;
  return (caught, request, reply) => {
    const error = caught as FastifyError;
    const { statusCode = 500 } = error;
    if (statusCode < 500) return reply.code(statusCode).send({ statusCode, error: error.message });
    if (Date.now() - loggedAt >= 1_000) {
      loggedAt = Date.now();
      request.log.error({ err: error, route: request.routeOptions.url }, 'a request failed');
    }
    if (isUnavailable(error)) {
      return reply
        .code(503)
        .header('retry-after', '1')
        .send({ statusCode: 503, error: 'the database does not answer' });
    }
    return reply.code(500).send({ statusCode: 500, error: 'internal error' });
  };
}
