import type { FastifyReply } from 'fastify';
import type { Analytics } from './analytics.ts';
import type { Cache } from './cache.ts';
import type { Catalog } from './catalog.ts';
import type { Database } from './database.ts';
import type { Federation } from './federation.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Principals } from './principals.ts';
import type { Teams } from './teams.ts';
import type { Caller } from './tokens.ts';
import type { ToolWrites } from './tool-writes.ts';

/** What the API stands on. */
export interface ApiParts {
  readonly instance: string;
  readonly callerOf: (authorization: string | undefined) => Caller;
  readonly database: Database;
  readonly cache: Cache;
  readonly metrics: GatewayMetrics;
  readonly federation: Federation;
  readonly principals: Principals;
  readonly catalog: Catalog;
  readonly writes: ToolWrites;
  readonly teams: Teams;
  readonly analytics: Analytics;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}

/** Lists come out of the cache as bytes and go out as they are. */
export const sendJson = (reply: FastifyReply, bytes: Buffer): FastifyReply =>
  reply.type('application/json; charset=utf-8').send(bytes);
