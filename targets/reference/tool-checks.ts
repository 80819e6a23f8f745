import type { CheckFailure, Operation } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import { failure, type Findings } from './findings.ts';
import type { ToolAnswer } from './answers.ts';
import type { SeededView } from './seeded-view.ts';

type Of<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;
type Single = Of<'read-tool' | 'create-tool' | 'update-tool' | 'share-tool'>;

/** Answers that hold tools. Seeded tools are decided by the population, tools that load created by what they say of themselves. */
export interface ToolChecks {
  /** Only what the team sees; all of the seeded ones among it that the limit leaves room for. */
  ofTeam(operation: Of<'list-team-tools' | 'team-tools'>, tools: readonly ToolAnswer[]): Findings;
  /** Only global tools whose name holds the text. */
  found(operation: Of<'search-tools'>, tools: readonly ToolAnswer[]): Findings;
  /** Only what the user may see, after the id. */
  visible(operation: Of<'list-visible-tools'>, user: Identity, tools: readonly ToolAnswer[]): Findings;
  /** Only what was asked for and the user may see; all of the seeded ones among it. */
  exported(operation: Of<'export-tools'>, user: Identity, tools: readonly ToolAnswer[]): Findings;
  /** The tool that was read or written, as it was asked to be. */
  single(operation: Single, user: Identity, tool: ToolAnswer): Findings;
}

export function createToolChecks(view: SeededView): ToolChecks {
  const truth = createTruth(view);
  const idsOf = (tools: readonly ToolAnswer[]): number[] => tools.map(({ id }) => id);

  return {
    ofTeam({ teamId, limit }, tools) {
      const failures = [...checkOrder(tools, 0, limit), ...truth.misstated(tools)];
      for (const tool of tools) {
        if (!truth.teamSees(teamId, tool))
          failures.push(failure('scope', `tool ${tool.id} was listed for team ${teamId}`));
      }
      const listed = new Set(idsOf(tools));
      // Ids ascend and those of created tools are above the seeded ones, so the first of them must all be there.
      const absent = view
        .teamTools(teamId)
        .slice(0, limit)
        .find((id) => !listed.has(id));
      if (absent !== undefined)
        failures.push(failure('shape', `tool ${absent} is missing from the list of team ${teamId}`));
      return { failures, toolIds: idsOf(tools) };
    },
    found({ query, limit }, tools) {
      const failures = [...checkOrder(tools, 0, limit), ...truth.misstated(tools)];
      for (const { id, scope, name } of tools) {
        if (scope !== 'global')
          failures.push(failure('scope', `tool ${id}, which is ${scope}, was found among the global ones`));
        if (!name.toLowerCase().includes(query.toLowerCase())) {
          failures.push(failure('shape', `tool ${id} was found though its name does not hold “${query}”`));
        }
      }
      return { failures, toolIds: idsOf(tools) };
    },
    visible({ afterId, limit }, user, tools) {
      const failures = [...checkOrder(tools, afterId, limit), ...truth.misstated(tools), ...truth.unseen(user, tools)];
      return { failures, toolIds: idsOf(tools) };
    },
    exported({ toolIds }, user, tools) {
      const failures = [
        ...checkOrder(tools, 0, toolIds.length),
        ...truth.misstated(tools),
        ...truth.unseen(user, tools),
      ];
      const exported = new Set(idsOf(tools));
      const asked = new Set(toolIds);
      for (const id of exported) if (!asked.has(id)) failures.push(failure('shape', `tool ${id} was not asked for`));
      const absent = toolIds.find((id) => !exported.has(id) && truth.mustSee(user, id));
      if (absent !== undefined) failures.push(failure('shape', `tool ${absent} is missing from an export`));
      return { failures, toolIds: [...exported] };
    },
    single(operation, user, tool) {
      const failures = [
        ...truth.misstated([tool]),
        ...truth.unseen(user, [tool]),
        ...checkWritten(operation, user, tool),
      ];
      return { failures, toolIds: [tool.id] };
    },
  };
}

/** Ascending ids after a given one, no more than the limit. */
function checkOrder(tools: readonly ToolAnswer[], afterId: number, limit: number): CheckFailure[] {
  if (tools.length > limit)
    return [failure('shape', `${tools.length} tools were answered where ${limit} were asked for`)];
  const first = tools.findIndex((tool, index) => tool.id <= (tools[index - 1]?.id ?? afterId));
  return first < 0 ? [] : [failure('shape', `tool ${tools[first]?.id ?? 0} is out of order`)];
}

function checkWritten(operation: Single, user: Identity, tool: ToolAnswer): CheckFailure[] {
  const wrong = (what: string): CheckFailure[] => [
    failure('shape', `${operation.kind}: tool ${tool.id} has another ${what}`),
  ];
  if (operation.kind === 'create-tool') {
    if (tool.name !== operation.name || tool.description !== operation.description) return wrong('name or description');
    return tool.ownerId === user.userId && tool.scope === 'private' ? [] : wrong('owner or scope');
  }
  if (tool.id !== operation.toolId) return wrong('id than asked for');
  if (operation.kind === 'update-tool') return tool.description === operation.description ? [] : wrong('description');
  if (operation.kind === 'share-tool') return tool.teamId === operation.teamId ? [] : wrong('team');
  return [];
}

function createTruth(view: SeededView) {
  const teamSees = (teamId: number, tool: ToolAnswer): boolean => {
    const seeded = view.tool(tool.id);
    return seeded ? view.teamSees(teamId, seeded) : tool.scope === 'team' && tool.teamId === teamId;
  };

  const userSees = (user: Identity, tool: ToolAnswer): boolean => {
    const seeded = view.tool(tool.id);
    if (seeded) return view.userSees({ userId: user.userId, knownTeams: teamsOf(user) }, seeded) !== false;
    if (tool.ownerId === user.userId || tool.scope === 'global') return true;
    return tool.teamId !== null && view.population.isMember(user.userId, tool.teamId);
  };

  return {
    teamSees,
    unseen: (user: Identity, tools: readonly ToolAnswer[]): CheckFailure[] =>
      tools
        .filter((tool) => !userSees(user, tool))
        .map(({ id, scope, ownerId }) =>
          failure('scope', `user ${user.userId} was answered the ${scope} tool ${id} of user ${ownerId}`),
        ),
    /** Must this seeded tool be visible to the user? False when that cannot be told. */
    mustSee(user: Identity, toolId: number): boolean {
      const seeded = view.tool(toolId);
      return seeded !== undefined && view.userSees({ userId: user.userId, knownTeams: teamsOf(user) }, seeded) === true;
    },
    /** Seeded tools whose owner, team or scope is not what was seeded, and tools whose team and scope contradict each other. */
    misstated: (tools: readonly ToolAnswer[]): CheckFailure[] =>
      tools
        .filter((tool) => {
          const seeded = view.tool(tool.id);
          if (!seeded) return (tool.scope === 'team') !== (tool.teamId !== null);
          return (
            tool.scope !== seeded.scope || tool.ownerId !== seeded.ownerId || tool.teamId !== (seeded.teamId ?? null)
          );
        })
        .map(({ id, scope, ownerId }) =>
          failure('shape', `tool ${id} says wrongly that it is ${scope} and of user ${ownerId}`),
        ),
  };
}

const teamsOf = (user: Identity): readonly number[] => [user.privateTeamId, ...user.teamIds];
