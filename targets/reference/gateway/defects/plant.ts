import type { DefectName } from '#model/defect.ts';
import type { GatewayOptions } from '../options.ts';
import { cacheNeverEvicts } from './cache-never-evicts.ts';
import { connectionLeak } from './connection-leak.ts';
import type { Defect, DefectOptions } from './defect.ts';
import { descriptorLeak } from './descriptor-leak.ts';
import { gcStorm } from './gc-storm.ts';
import { latencyCreep } from './latency-creep.ts';
import { leakByTimer } from './leak-by-timer.ts';
import { leakPerFault } from './leak-per-fault.ts';
import { leakPerRequest } from './leak-per-request.ts';
import { lostWrite } from './lost-write.ts';
import { scopeLeak } from './scope-leak.ts';

const defects: Readonly<Record<DefectName, (options: DefectOptions) => Defect>> = {
  'leak-per-request': leakPerRequest,
  'leak-by-timer': leakByTimer,
  'leak-per-fault': leakPerFault,
  'connection-leak': connectionLeak,
  'descriptor-leak': descriptorLeak,
  'gc-storm': gcStorm,
  'cache-never-evicts': cacheNeverEvicts,
  'lost-write': lostWrite,
  'scope-leak': scopeLeak,
  'latency-creep': latencyCreep,
};

/** All defects that a gateway is to have, as one (R5.1). */
export function plantDefects(options: GatewayOptions): Required<Defect> {
  const { databaseUrl, instance } = options;
  const { planted = [], seed = 0 } = options.defects;
  const all = planted.map(({ name, amount }) => defects[name]({ amount, seed, databaseUrl, instance }));
  return {
    cache: (cache) => all.reduce((spoiled, defect) => defect.cache?.(spoiled) ?? spoiled, cache),
    catalog: (catalog, database) =>
      all.reduce((spoiled, defect) => defect.catalog?.(spoiled, database) ?? spoiled, catalog),
    writes: (writes, database) =>
      all.reduce((spoiled, defect) => defect.writes?.(spoiled, database) ?? spoiled, writes),
    prepare(app) {
      for (const defect of all) defect.prepare?.(app);
    },
    start() {
      const ends = all.map((defect) => defect.start?.());
      return () => {
        for (const end of ends) end?.();
      };
    },
  };
}
