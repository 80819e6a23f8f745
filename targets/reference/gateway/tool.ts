import type { ToolScope } from '#model/operation.ts';

/** A tool as every answer carries it. */
export interface Tool {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly scope: ToolScope;
  readonly ownerId: number;
  readonly teamId: number | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What selects a `Tool` from `gateway.tools t`. */
export const toolColumns =
  't.id, t.name, t.description, t.scope, t.owner_id AS "ownerId", t.team_id AS "teamId", t.created_at AS "createdAt", t.updated_at AS "updatedAt"';

export const encodeTools = (tools: readonly Tool[]): Buffer => Buffer.from(JSON.stringify({ tools }));
