import type { PopulationPlan } from '#model/population-plan.ts';
import type { TargetSchema } from '#model/target.ts';
import { withClient } from './database.ts';
import { columnOf } from './reconcile.ts';

/** Tools in the database beyond the seeded ones, asked of the database itself and not of the target (R1.7). */
export async function countGrownTools(options: {
  readonly databaseUrl: string;
  readonly plan: PopulationPlan;
  readonly schema: TargetSchema;
}): Promise<number> {
  const mapping = options.schema.tables.find(({ entity }) => entity === 'tools');
  if (mapping === undefined) throw new Error('the target has no table of tools');
  const id = columnOf(mapping, 'id');
  return withClient(options.databaseUrl, async (client) => {
    const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${mapping.table} WHERE ${id} > $1`, [
      options.plan.tools,
    ]);
    return Number(rows[0]?.count ?? 0);
  });
}
