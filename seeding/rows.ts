import type { Entity } from '#model/population-plan.ts';
import type { Population } from '#model/population.ts';
import { hash32, integerBelow } from '#model/random.ts';
import { createNames, type Names } from './names.ts';
import type { RowCursor } from './row-cursor.ts';
import { dayMs, type SeedShard } from './shards.ts';
import { openUsageRows } from './usage.ts';

export interface RowSource {
  open(shard: SeedShard): RowCursor;
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

/** Every row of the data set as a pure function of the plan, entity by entity (R2.5). */
export function createRowSource(population: Population): RowSource {
  let names: Names | undefined;
  const named = (): Names => (names ??= createNames(population.plan.seed));
  return {
    open({ entity, first, count }) {
      switch (entity) {
        case 'usageMetrics':
          return openUsageRows(population.plan, first, count);
        case 'users':
          return single(first, count, (row, id) => Object.assign(row, { id, ...named().person(id) }));
        case 'teams':
          return single(first, count, (row, id) => {
            fillTeam(row, population, { id, name: named().team(id) });
          });
        case 'tools':
          return single(first, count, (row, id) => {
            fillTool(row, population, { id, ...named().tool(id) });
          });
        case 'servers':
          return single(first, count, (row, id) => Object.assign(row, { id, name: named().server(id) }));
        case 'gateways':
          return single(first, count, (row, id) => {
            fillGateway(row, population, id);
          });
        case 'memberships':
          return openMemberships(population, first, count);
        case 'serverTools':
          return pairs({ first, count }, ['serverId', 'toolId'], (id) => population.serverTools(id));
        case 'teamServers':
          return pairs({ first, count }, ['teamId', 'serverId'], (id) => population.teamServers(id));
        case 'gatewayPeers':
          return pairs({ first, count }, ['gatewayId', 'peerId'], (id) => population.gatewayPeers(id));
      }
    },
  };
}

type Row = Record<string, unknown>;

/** One row a stratum. */
function single(first: number, count: number, fill: (row: Row, id: number) => void): RowCursor {
  const row: Row = {};
  let id = first;
  return {
    row,
    advance: () => {
      if (id >= first + count) return false;
      id += 1;
      fill(row, id);
      return true;
    },
  };
}

/** A row for each of the things that a stratum lists. */
function pairs(
  range: Pick<SeedShard, 'first' | 'count'>,
  [from, to]: readonly [string, string],
  list: (id: number) => readonly number[],
): RowCursor {
  const row: Row = { [from]: 0, [to]: 0 };
  let id = range.first;
  let others: readonly number[] = [];
  let position = 0;
  return {
    row,
    advance: () => {
      while (position >= others.length) {
        if (id >= range.first + range.count) return false;
        id += 1;
        others = list(id);
        position = 0;
        row[from] = id;
      }
      row[to] = others[position];
      position += 1;
      return true;
    },
  };
}

/** Member 0 owns a team, member 1 of a larger one administers it. */
function openMemberships(population: Population, first: number, count: number): RowCursor {
  const row = { teamId: first, userId: 0, role: 0 };
  let [size, index] = [0, 0];
  return {
    row,
    advance: () => {
      if (index === size) {
        if (row.teamId >= first + count) return false;
        row.teamId += 1;
        size = population.teamSize(row.teamId);
        index = 0;
      }
      row.userId = population.member(row.teamId, index);
      row.role = Math.min(index, 2);
      index += 1;
      return true;
    },
  };
}

function fillTeam(row: Row, population: Population, team: { id: number; name: string }): void {
  Object.assign(row, team, { ownerId: population.member(team.id, 0), kind: population.teamKind(team.id) });
}

function fillTool(row: Row, population: Population, tool: { id: number; name: string; description: string }): void {
  const { scope, ownerId, teamId } = population.tool(tool.id);
  const { seed, asOf, metricsRetentionDays } = population.plan;
  const ageDays = 1 + integerBelow(hash32(seed, 503, tool.id), metricsRetentionDays);
  const createdAt = Date.parse(asOf) - ageDays * dayMs;
  Object.assign(row, tool, { scope, ownerId, teamId, createdAt });
}

function fillGateway(row: Row, population: Population, id: number): void {
  const region = population.gatewayRegion(id);
  Object.assign(row, { id, name: `gateway-${region}-${id}`, region, pattern: population.gatewayPattern(id) });
}
