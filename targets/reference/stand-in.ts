import type { Population } from '#model/population.ts';
import { type Region, regionOfGateway, regions } from '#model/region.ts';
import { createStandInTools, type StandInAnswer, type StandInTools } from './stand-in-tools.ts';

interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly userId: number;
  readonly body: string;
}

/**
 * The reference gateway's API answered from memory: right answers, of the right size, for next to nothing, so that a bench
 * measures who asks and not who answers. It has no cache, no database, no federation and no rights; tokens are read and not verified.
 */
export function createStandIn(population: Population): (asked: Asked) => StandInAnswer {
  const tools = createStandInTools(population);
  const fixed = new Map<string, StandInAnswer>();
  const once = (key: string, make: () => object): StandInAnswer => {
    const known = fixed.get(key);
    if (known !== undefined) return known;
    const answer = [200, JSON.stringify(make())] as const;
    fixed.set(key, answer);
    return answer;
  };
  return (asked) => {
    const { pathname, searchParams } = new URL(asked.path, 'http://stand-in');
    const [, , area = '', id = '', what = ''] = pathname.split('/');
    const limit = Number(searchParams.get('limit') ?? 50);
    if (area === 'tools' && asked.method === 'GET' && id !== '')
      return id === 'search'
        ? once(asked.path, () => tools.search(searchParams.get('q') ?? '', limit))
        : tools.one(Number(id));
    if (area === 'tools' && asked.method === 'GET')
      return tools.ofTeam(Number((searchParams.get('scope') ?? '').slice('team:'.length)), limit);
    if (area === 'tools') return write(tools, asked, [id, what]);
    if (area === 'teams' && what === 'tools') return tools.ofTeam(Number(id), limit);
    if (area === 'teams') return once(asked.path, () => members(population, Number(id), limit));
    if (area === 'analytics') return once(asked.path, () => usage(population, daysOf(searchParams)));
    if (area === 'federation' && id === 'tools')
      return once(asked.path, () => federated(population, (searchParams.get('regions') ?? '').split(','), limit));
    if (area === 'federation') return once(asked.path, () => aggregate(population, daysOf(searchParams)));
    return [404, '{}'];
  };
}

interface Content {
  readonly name?: string;
  readonly description?: string;
  readonly teamId?: number;
  readonly ids?: readonly number[];
}

function write(tools: StandInTools, asked: Asked, [id, what]: readonly [string, string]): StandInAnswer {
  const content = (asked.body === '' ? {} : JSON.parse(asked.body)) as Content;
  if (asked.method === 'PUT') return tools.update(Number(id), content.description ?? '');
  if (asked.method === 'DELETE') return tools.remove(Number(id));
  if (what === 'share') return tools.share(Number(id), content.teamId ?? 0);
  if (id === 'bulk') return tools.export(content.ids ?? []);
  return tools.create(asked.userId, content.name ?? '', content.description ?? '');
}

const daysOf = (search: URLSearchParams): number => Number((search.get('timeframe') ?? '').slice(0, -1));

function members(population: Population, teamId: number, limit: number): object {
  const count = Math.min(limit, population.teamSize(teamId));
  const each = Array.from({ length: count }, (_, index) => {
    const userId = population.member(teamId, index);
    const role = index === 0 ? 'owner' : 'member';
    return { userId, name: `User ${userId}`, email: `user-${userId}@soakwave.example`, role };
  });
  return { members: each };
}

const teamsWithUsage = 50;

function usage({ plan }: Population, timeframeDays: number): object {
  const count = Math.min(teamsWithUsage, plan.teams);
  const each = Array.from({ length: count }, (_, index) => {
    return { teamId: plan.teams - index, calls: count - index, failures: index % 3, latencyMsMean: 20.5 };
  });
  return { timeframeDays, usage: each };
}

const gatewaysOf = ({ plan }: Population): number[] => Array.from({ length: plan.gateways }, (_, index) => index + 1);

function federated(population: Population, asked: readonly string[], limit: number): object {
  const gateways = gatewaysOf(population).filter((gatewayId) => asked.includes(regionOfGateway(gatewayId)));
  const each = Array.from({ length: gateways.length === 0 ? 0 : limit }, (_, index) => {
    const gatewayId = gateways[index % gateways.length] ?? 1;
    const name = `federated tool ${index + 1}`;
    return { name, description: `offered by gateway ${gatewayId}`, gatewayId, region: regionOfGateway(gatewayId) };
  });
  return { gateways: gateways.length, partial: false, failedGateways: [], tools: each };
}

function aggregate(population: Population, timeframeDays: number): object {
  const gateways = gatewaysOf(population);
  const inRegion = (region: Region): number => gateways.filter((each) => regionOfGateway(each) === region).length;
  const each = regions
    .filter((region) => inRegion(region) > 0)
    .map((region) => ({
      region,
      gateways: inRegion(region),
      answered: inRegion(region),
      tools: 1_000 * inRegion(region),
    }));
  const sums = { timeframeDays, calls: 1_000_000, failures: 1_000, latencyMsMean: 20.5 };
  return { gateways: gateways.length, partial: false, failedGateways: [], regions: each, usage: sums };
}
