import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createAnalytics } from './analytics.ts';
import { createApi } from './api.ts';
import { createCache } from './cache.ts';
import { createCatalog } from './catalog.ts';
import { collectEvery } from './collector.ts';
import { createDatabase } from './database.ts';
import { plantDefects } from './defects/plant.ts';
import { createFederation } from './federation.ts';
import { createMetrics } from './metrics.ts';
import type { GatewayOptions } from './options.ts';
import { createPrincipals } from './principals.ts';
import { createTeams } from './teams.ts';
import { createTokenCheck } from './tokens.ts';
import { createToolWrites } from './tool-writes.ts';

/** In-flight requests may finish for this long. */
const closeWithinMs = 4_500;

export interface StartedGateway {
  readonly port: number;
  /** Takes no new connections, finishes what is in flight, and is done within five seconds. */
  close(): Promise<void>;
}

/** Starts one instance of the reference gateway (R5.1) on the loopback. It listens before its database answers: `/ready` tells when it does. */
export async function startGateway(options: GatewayOptions): Promise<StartedGateway> {
  const secret = (await readFile(options.secretFile, 'utf8')).trim();
  const database = createDatabase(options);
  const defect = plantDefects(options);
  const cache = defect.cache(createCache(options));
  const metrics = createMetrics({ cache, database });
  const federation = createFederation(options, metrics);
  const principals = createPrincipals(database, cache);
  const parts = {
    instance: options.instance,
    callerOf: createTokenCheck(secret),
    database,
    cache,
    metrics,
    federation,
    principals,
    catalog: defect.catalog(createCatalog(database, cache), database),
    writes: defect.writes(createToolWrites(database, { cache, principals }), database),
    teams: createTeams(database, { cache, principals }),
    analytics: createAnalytics(database, cache),
  };
  const api = await createApi(parts, defect.prepare);
  const endDefect = defect.start();
  const endCollecting = options.collectEveryMs === undefined ? undefined : collectEvery(options.collectEveryMs);

  const release = async (): Promise<void> => {
    endDefect();
    endCollecting?.();
    cache.close();
    await Promise.all([federation.close(), database.close()]);
  };
  try {
    await api.listen({ host: '127.0.0.1', port: options.port });
  } catch (cause) {
    await release();
    throw new Error(`gateway ${options.instance} cannot listen on port ${options.port}`, { cause });
  }
  return {
    port: (api.server.address() as AddressInfo).port,
    async close() {
      const bound = setTimeout(() => {
        api.server.closeAllConnections();
      }, closeWithinMs);
      await api.close();
      clearTimeout(bound);
      await release();
    },
  };
}
