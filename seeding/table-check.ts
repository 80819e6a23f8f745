import type { Client } from 'pg';
import type { ColumnType, TableMapping, TargetSchema } from '#model/target.ts';

/** PostgreSQL's names of the types that a column may have to take what is sent. */
const accepted: Readonly<Record<ColumnType, readonly string[]>> = {
  int2: ['int2'],
  int4: ['int4'],
  int8: ['int8'],
  float4: ['float4'],
  bool: ['bool'],
  text: ['text', 'varchar', 'bpchar'],
  timestamptz: ['timestamptz'],
  'text[]': ['_text'],
};

interface FoundColumn {
  readonly column: string;
  readonly type: string;
  readonly isNeeded: boolean;
}

/** How the tables that are there differ from those that rows are made for; a sentence each. */
export async function listSchemaProblems(client: Client, { tables }: TargetSchema): Promise<string[]> {
  const problems: string[] = [];
  for (const mapping of tables) problems.push(...(await checkTable(client, mapping)));
  return problems;
}

async function checkTable(client: Client, { table, columns, partition }: TableMapping): Promise<string[]> {
  const { rows } = await client.query<{ kind: string }>(
    'SELECT relkind AS kind FROM pg_class WHERE oid = $1::regclass',
    [table],
  );
  const isPartitioned = rows[0]?.kind === 'p';
  if (isPartitioned !== (partition !== undefined)) {
    return [`${table} is ${isPartitioned ? '' : 'not '}partitioned`];
  }
  const found = await readColumns(client, table);
  const problems: string[] = [];
  for (const { column, type } of columns) {
    const there = found.find((each) => each.column === column);
    if (there === undefined) problems.push(`${table} has no column ${column}`);
    else if (!accepted[type].includes(there.type)) problems.push(`${table}.${column} is ${there.type}, not ${type}`);
  }
  const known = new Set(columns.map(({ column }) => column));
  for (const { column, isNeeded } of found) {
    if (isNeeded && !known.has(column)) problems.push(`${table}.${column} must have a value, and none is known for it`);
  }
  return problems;
}

async function readColumns(client: Client, table: string): Promise<FoundColumn[]> {
  const { rows } = await client.query<FoundColumn>(
    `SELECT a.attname AS column, t.typname AS type,
            a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS "isNeeded"
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [table],
  );
  return rows;
}
