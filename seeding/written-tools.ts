import type { PopulationPlan } from '#model/population-plan.ts';
import type { TargetSchema } from '#model/target.ts';
import { withClient } from './database.ts';
import { columnOf } from './reconcile.ts';

/** A tool in the target's database that no seeding put there. */
interface WrittenTool {
  readonly objectId: number;
  readonly ownerId: number;
  readonly name: string;
  readonly description: string;
  readonly teamId: number | null;
}

/** What load wrote, asked of the database itself and not of the target (R7.4, R1.7). */
export interface WrittenTools {
  /** Rows whose name begins so, in pages and in the order of ids; no transaction is held open between two pages. */
  pages(namePrefix: string): AsyncIterable<readonly WrittenTool[]>;
  /** Those of these that are there now. */
  among(toolIds: readonly number[]): Promise<readonly WrittenTool[]>;
}

const pageRows = 5_000;

export function readWrittenTools(options: {
  readonly databaseUrl: string;
  readonly plan: PopulationPlan;
  readonly schema: TargetSchema;
}): WrittenTools {
  const mapping = options.schema.tables.find(({ entity }) => entity === 'tools');
  if (mapping === undefined) throw new Error('the target has no table of tools');
  const column = (field: string): string => columnOf(mapping, field);
  const select =
    `SELECT ${column('id')}::int AS "objectId", ${column('ownerId')} AS "ownerId", ${column('name')} AS name,` +
    ` ${column('description')} AS description, ${column('teamId')} AS "teamId" FROM ${mapping.table}`;
  const page = `${select} WHERE ${column('id')} > $1 AND starts_with(${column('name')}, $2)
    ORDER BY ${column('id')} LIMIT ${pageRows}`;

  const rowsOf = (text: string, values: readonly unknown[]): Promise<WrittenTool[]> =>
    withClient(options.databaseUrl, async (client) => (await client.query<WrittenTool>(text, [...values])).rows);

  return {
    async *pages(namePrefix) {
      for (let after: number | undefined = options.plan.tools; after !== undefined;) {
        const rows = await rowsOf(page, [after, namePrefix]);
        yield rows;
        after = rows.length < pageRows ? undefined : rows.at(-1)?.objectId;
      }
    },
    among: (toolIds) => rowsOf(`${select} WHERE ${column('id')} = ANY($1)`, [toolIds]),
  };
}
