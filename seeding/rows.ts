import type { Entity } from '#model/population-plan.ts';
import type { Population } from '#model/population.ts';
import { hash32, integerBelow } from '#model/random.ts';
import { createNames, type Names } from './names.ts';
import { createBatch, type RowBatch, type RowStream } from './row-batch.ts';
import { dayMs, type SeedShard } from './shards.ts';
import { openUsageRows } from './usage.ts';

export interface RowSource {
  /** `rows` a batch. */
  open(shard: Pick<SeedShard, 'entity' | 'first' | 'count'>, rows: number): RowStream;
}

/** The field of an entity's row that says which stratum it is of, from 1; the metrics' strata are days. */
export const stratumField: Readonly<Record<Entity, string>> = {
  users: 'id',
  teams: 'id',
  memberships: 'teamId',
  tools: 'id',
  servers: 'id',
  serverTools: 'serverId',
  teamServers: 'teamId',
  gateways: 'id',
  gatewayPeers: 'gatewayId',
  usageMetrics: 'at',
};

/** A range of strata and how many rows are wanted at once. */
interface Range {
  readonly first: number;
  readonly count: number;
  readonly rows: number;
}

/** Every row of the data set as a pure function of the plan, entity by entity (R2.5). */
export function createRowSource(population: Population): RowSource {
  let names: Names | undefined;
  const named = (): Names => (names ??= createNames(population.plan.seed));
  return {
    open({ entity, first, count }, rows) {
      const range = { first, count, rows };
      switch (entity) {
        case 'usageMetrics':
          return openUsageRows(population.plan, range);
        case 'users':
          return openUsers(range, named());
        case 'teams':
          return openTeams(range, population, named());
        case 'tools':
          return openTools(range, population, named());
        case 'servers':
          return openServers(range, named());
        case 'gateways':
          return openGateways(range, population);
        case 'memberships':
          return openMemberships(range, population);
        case 'serverTools':
          return openPairs(range, ['serverId', 'toolId'], (id) => population.serverTools(id));
        case 'teamServers':
          return openPairs(range, ['teamId', 'serverId'], (id) => population.teamServers(id));
        case 'gatewayPeers':
          return openPairs(range, ['gatewayId', 'peerId'], (id) => population.gatewayPeers(id));
      }
    },
  };
}

/** One row a stratum: `write` puts the row of an id at an index of the batch. */
function single(range: Range, batch: RowBatch, write: (index: number, id: number) => void): RowStream {
  let done = 0;
  return {
    batch,
    fill: () => {
      batch.size = Math.min(batch.capacity, range.count - done);
      for (let index = 0; index < batch.size; index += 1) write(index, range.first + done + index + 1);
      done += batch.size;
      return batch.size > 0;
    },
  };
}

function openUsers(range: Range, names: Names): RowStream {
  const batch = createBatch(range.rows, ['id'], ['email', 'name']);
  return single(range, batch, (index, id) => {
    const { name, email } = names.person(id);
    batch.numbers.id[index] = id;
    batch.texts.name[index] = name;
    batch.texts.email[index] = email;
  });
}

function openTeams(range: Range, population: Population, names: Names): RowStream {
  const batch = createBatch(range.rows, ['id', 'ownerId'], ['kind', 'name']);
  return single(range, batch, (index, id) => {
    batch.numbers.id[index] = id;
    batch.numbers.ownerId[index] = population.member(id, 0);
    batch.texts.kind[index] = population.teamKind(id);
    batch.texts.name[index] = names.team(id);
  });
}

function openTools(range: Range, population: Population, names: Names): RowStream {
  const { seed, asOf, metricsRetentionDays } = population.plan;
  const endsAt = Date.parse(asOf);
  const batch = createBatch(range.rows, ['id', 'ownerId', 'teamId', 'createdAt'], ['scope', 'name', 'description']);
  const { numbers, texts } = batch;
  return single(range, batch, (index, id) => {
    const { scope, ownerId, teamId } = population.tool(id);
    const { name, description } = names.tool(id);
    const ageDays = 1 + integerBelow(hash32(seed, 503, id), metricsRetentionDays);
    numbers.id[index] = id;
    numbers.ownerId[index] = ownerId;
    numbers.teamId[index] = teamId ?? NaN;
    numbers.createdAt[index] = endsAt - ageDays * dayMs;
    texts.scope[index] = scope;
    texts.name[index] = name;
    texts.description[index] = description;
  });
}

function openServers(range: Range, names: Names): RowStream {
  const batch = createBatch(range.rows, ['id'], ['name']);
  return single(range, batch, (index, id) => {
    batch.numbers.id[index] = id;
    batch.texts.name[index] = names.server(id);
  });
}

function openGateways(range: Range, population: Population): RowStream {
  const batch = createBatch(range.rows, ['id'], ['name', 'region', 'pattern']);
  return single(range, batch, (index, id) => {
    const region = population.gatewayRegion(id);
    batch.numbers.id[index] = id;
    batch.texts.name[index] = `gateway-${region}-${id}`;
    batch.texts.region[index] = region;
    batch.texts.pattern[index] = population.gatewayPattern(id);
  });
}

/** A row for each of the things that a stratum lists. */
function openPairs(
  { first, count, rows }: Range,
  [from, to]: readonly [string, string],
  list: (id: number) => readonly number[],
): RowStream {
  const batch = createBatch(rows, [from, to]);
  const [froms, tos] = [batch.numbers[from] ?? new Float64Array(0), batch.numbers[to] ?? new Float64Array(0)];
  let id = first;
  let others: readonly number[] = [];
  let position = 0;
  return {
    batch,
    fill: () => {
      let size = 0;
      while (size < rows) {
        if (position === others.length) {
          if (id === first + count) break;
          id += 1;
          others = list(id);
          position = 0;
          continue;
        }
        froms[size] = id;
        tos[size] = others[position] ?? NaN;
        position += 1;
        size += 1;
      }
      batch.size = size;
      return size > 0;
    },
  };
}

/** Member 0 owns a team, member 1 of a larger one administers it. */
function openMemberships({ first, count, rows }: Range, population: Population): RowStream {
  const batch = createBatch(rows, ['teamId', 'userId', 'role']);
  const { teamId: teams, userId: users, role: roles } = batch.numbers;
  let [team, size, member] = [first, 0, 0];
  return {
    batch,
    fill: () => {
      let filled = 0;
      while (filled < rows) {
        if (member === size) {
          if (team === first + count) break;
          team += 1;
          size = population.teamSize(team);
          member = 0;
        }
        const some = Math.min(size - member, rows - filled);
        population.fillMembers({ teamId: team, first: member, count: some }, users, filled);
        for (let index = 0; index < some; index += 1) {
          teams[filled + index] = team;
          roles[filled + index] = Math.min(member + index, 2);
        }
        member += some;
        filled += some;
      }
      batch.size = filled;
      return filled > 0;
    },
  };
}
