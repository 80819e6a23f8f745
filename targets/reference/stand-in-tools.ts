import type { Population } from '#model/population.ts';
import type { ToolAnswer } from './answers.ts';
import { createSeededView } from './seeded-view.ts';

/** Status and body. */
export type StandInAnswer = readonly [status: number, body: string];

/** Seeded tools as the population has them, and those that load made, in memory. */
export interface StandInTools {
  one(toolId: number): StandInAnswer;
  ofTeam(teamId: number, limit: number): StandInAnswer;
  search(query: string, limit: number): object;
  create(ownerId: number, name: string, description: string): StandInAnswer;
  update(toolId: number, description: string): StandInAnswer;
  share(toolId: number, teamId: number): StandInAnswer;
  remove(toolId: number): StandInAnswer;
  export(toolIds: readonly number[]): StandInAnswer;
}

const words = ['weather', 'translate', 'calculate', 'format', 'analyze'];
const madeAt = '2026-01-01T00:00:00.000Z';
const missing = [404, '{"error":"no such tool"}'] as const;

export function createStandInTools(population: Population): StandInTools {
  const { plan } = population;
  const view = createSeededView(population);
  const made = new Map<number, ToolAnswer>();
  const sharedWith = new Map<number, Map<number, ToolAnswer>>();
  const lists = new Map<string, StandInAnswer>();
  let lastId = plan.tools;

  const seeded = (toolId: number): ToolAnswer => seededTool(population, toolId);

  const toolOf = (toolId: number): ToolAnswer | undefined => (toolId <= plan.tools ? seeded(toolId) : made.get(toolId));

  /** A new state of a tool that load made, in the place of the one before. */
  function put(tool: ToolAnswer): StandInAnswer {
    drop(tool.id);
    made.set(tool.id, tool);
    if (tool.teamId !== null) {
      const shared = sharedWith.get(tool.teamId) ?? new Map<number, ToolAnswer>();
      sharedWith.set(tool.teamId, shared.set(tool.id, tool));
    }
    return [200, JSON.stringify(tool)];
  }

  function drop(toolId: number): boolean {
    const { teamId = null } = made.get(toolId) ?? {};
    if (teamId !== null) sharedWith.get(teamId)?.delete(toolId);
    return made.delete(toolId);
  }

  function listed(teamId: number, limit: number): StandInAnswer {
    const own = view.teamTools(teamId).slice(0, limit).map(seeded);
    const shared = [...(sharedWith.get(teamId)?.values() ?? [])].sort((one, other) => one.id - other.id);
    return [200, JSON.stringify({ tools: [...own, ...shared].slice(0, limit) })];
  }

  return {
    one(toolId) {
      const tool = toolOf(toolId);
      return tool === undefined ? missing : [200, JSON.stringify(tool)];
    },
    ofTeam(teamId, limit) {
      if ((sharedWith.get(teamId)?.size ?? 0) > 0) return listed(teamId, limit);
      const key = `${teamId} ${limit}`;
      const known = lists.get(key) ?? listed(teamId, limit);
      lists.set(key, known);
      return known;
    },
    search(query, limit) {
      const all = Array.from({ length: plan.tools }, (_, index) => seeded(index + 1));
      return { tools: all.filter(({ scope, name }) => scope === 'global' && name.includes(query)).slice(0, limit) };
    },
    create(ownerId, name, description) {
      lastId += 1;
      const fresh = { id: lastId, name, description, scope: 'private', ownerId, teamId: null } as const;
      const [, body] = put({ ...fresh, createdAt: madeAt, updatedAt: madeAt });
      return [201, body];
    },
    update(toolId, description) {
      const tool = made.get(toolId);
      return tool === undefined ? missing : put({ ...tool, description });
    },
    share(toolId, teamId) {
      const tool = made.get(toolId);
      return tool === undefined ? missing : put({ ...tool, scope: 'team', teamId });
    },
    remove: (toolId) => (drop(toolId) ? [204, ''] : missing),
    export(toolIds) {
      const found = [...new Set(toolIds)].sort((one, other) => one - other).flatMap((toolId) => toolOf(toolId) ?? []);
      const absent = toolIds.filter((toolId) => toolOf(toolId) === undefined);
      return [200, JSON.stringify({ tools: found, missing: absent })];
    },
  };
}

function seededTool(population: Population, toolId: number): ToolAnswer {
  const { scope, ownerId, teamId = null } = population.tool(toolId);
  const name = `${words[toolId % words.length] ?? ''} tool ${toolId}`;
  const description = `seeded tool ${toolId}, which does what its name says and was made for a bench`;
  return { id: toolId, name, description, scope, ownerId, teamId, createdAt: madeAt, updatedAt: madeAt };
}
