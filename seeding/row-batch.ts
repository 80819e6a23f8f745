/**
 * Rows of one entity, column by column. The columns are made once and filled anew: hundreds of millions of rows make no
 * garbage, and generator, encoder and digest are loops over arrays.
 *
 * Fields: users id, email, name · teams id, ownerId, kind, name · memberships teamId, userId, role (0 owner,
 * 1 administrator, 2 member) · tools id, ownerId, teamId, scope, name, description, createdAt · servers id, name ·
 * serverTools serverId, toolId · teamServers teamId, serverId · gateways id, name, region, pattern · gatewayPeers
 * gatewayId, peerId · usageMetrics at, toolId, latencyMs, ok (0 or 1). Times are milliseconds since the epoch.
 */
export interface RowBatch {
  /** Rows that are filled, from the first. */
  size: number;
  readonly capacity: number;
  /** NaN stands for a value that a row does not have. */
  readonly numbers: Readonly<Record<string, Float64Array>>;
  readonly texts: Readonly<Record<string, (string | undefined)[]>>;
}

/** Rows, a batch at a time. */
export interface RowStream {
  readonly batch: RowBatch;
  /** Fills the batch from its start with what comes next; false when there was nothing left, also when asked again. */
  readonly fill: () => boolean;
}

/** Rows that are generated, hashed and encoded in one go: the columns of a batch stay in the processor's cache. */
export const batchRows = 4_096;

export function createBatch<Number extends string, Text extends string = never>(
  capacity: number,
  numbers: readonly Number[],
  texts: readonly Text[] = [],
) {
  const byName = <Name extends string, Column>(names: readonly Name[], column: () => Column): Record<Name, Column> =>
    Object.fromEntries(names.map((name) => [name, column()])) as Record<Name, Column>;
  return {
    size: 0,
    capacity,
    numbers: byName(numbers, () => new Float64Array(capacity)),
    texts: byName(texts, () => new Array<string | undefined>(capacity).fill(undefined)),
  };
}

/** One row of a batch as an object. */
export function rowAt(batch: RowBatch, index: number): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [field, column] of Object.entries(batch.numbers)) {
    const value = column[index];
    row[field] = Number.isNaN(value) ? undefined : value;
  }
  for (const [field, column] of Object.entries(batch.texts)) row[field] = column[index];
  return row;
}
