import { describe, expect, it } from 'vitest';
import { createChecksum } from '#model/digest.ts';
import { planPopulation } from '#model/plan-population.ts';
import { type Entity, SeedProfile } from '#model/population-plan.ts';
import { createPopulation } from '#model/population.ts';
import { waves } from '#model/wave.ts';
import { referenceSchema } from '#targets/reference/schema.ts';
import { bindColumns } from '#seeding/columns.ts';
import { compileDigest } from '#seeding/row-digest.ts';
import { createRowSource } from '#seeding/rows.ts';
import { planShards } from '#seeding/shards.ts';

/** Rows and checksum of every entity, generated in batches of so many. */
function digestAll(profile: SeedProfile, batchRows: number): Partial<Record<Entity, [rows: number, checksum: string]>> {
  const plan = planPopulation(waves.smoke, 1, { seed: undefined, profile, isFederation: false });
  const source = createRowSource(createPopulation(plan));
  const found: Partial<Record<Entity, [number, string]>> = {};
  for (const mapping of referenceSchema.tables) {
    const checksum = createChecksum();
    let rows = 0;
    for (const shard of planShards(plan).filter(({ entity }) => entity === mapping.entity)) {
      const stream = source.open(shard, batchRows);
      const bound = bindColumns(mapping, stream.batch);
      const digest = compileDigest(bound);
      while (stream.fill()) {
        bound.follow();
        digest.addTo(checksum);
        rows += stream.batch.size;
      }
    }
    found[mapping.entity] = [rows, checksum.hex()];
  }
  return found;
}

/** A change of any of these is a change of every data set: raise `generation` in `seeding/ledger.ts` with it. */
const golden: Readonly<Record<SeedProfile, Partial<Record<Entity, [number, string]>>>> = {
  distribution: {
    users: [1000, '0f581b55094ca4e1'],
    teams: [5000, '4e8de84d87843a73'],
    memberships: [68652, '3835d563ebf5691a'],
    tools: [50, '00c67bcd0938d590'],
    servers: [10, '0014ea35e92040ad'],
    serverTools: [78, '000ef9da09ecf65c'],
    teamServers: [9962, '9b1502c790a5fe73'],
    gateways: [10, '001c75a6c1743e0c'],
    gatewayPeers: [13, '0000433ca5960cf9'],
    usageMetrics: [2100, '2150c64ad79d1968'],
  },
  'rule-of-thumb': {
    users: [1000, '0f581b55094ca4e1'],
    teams: [5000, '4e8de84d87843a73'],
    memberships: [5360, '52e73e9a75dd3bb8'],
    tools: [50, '00df445d1b3f200c'],
    servers: [10, '0014ea35e92040ad'],
    serverTools: [78, '000ef9da09ecf65c'],
    teamServers: [9962, '9b1502c790a5fe73'],
    gateways: [10, '001c75a6c1743e0c'],
    gatewayPeers: [13, '0000433ca5960cf9'],
    usageMetrics: [2100, '2150c64ad79d1968'],
  },
};

describe.each(SeedProfile.options)('the smoke wave in profile %s', (profile) => {
  it.each([100, 4_096])('has these rows of every entity, made %i at a time', (batchRows) => {
    expect(digestAll(profile, batchRows)).toEqual(golden[profile]);
  });
});
