import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { createPopulation } from '#model/population.ts';
import { encodeRows, sendCopy } from '#seeding/copy.ts';
import { inTransaction, withClient } from '#seeding/database.ts';
import { batchRows } from '#seeding/row-batch.ts';
import { createRowSource } from '#seeding/rows.ts';
import { referenceSchema } from '#targets/reference/schema.ts';
import type { BenchTask } from './wiring/seed-bench.ts';

/**
 * One connection of `soak bench seed`: the rows of a slice go into a table, generated while they are sent or made before. It
 * says when it is ready, waits for its start, and says how many rows the server took.
 */
const task = workerData as BenchTask;
const mapping = referenceSchema.tables.find(({ entity }) => entity === task.slice.entity);
const port = parentPort;
if (mapping === undefined || port === null) throw new Error(`nothing to do for ${task.slice.entity}`);

const encoded = encodeRows(mapping, createRowSource(createPopulation(task.plan)).open(task.slice, batchRows));
const made: Buffer[] = [];
if (task.isMadeBefore) for await (const chunk of encoded.chunks()) made.push(chunk);
const rows = await withClient(task.databaseUrl, async (client) => {
  port.postMessage('ready');
  await once(port, 'message');
  return inTransaction(client, async () => {
    if (task.isFrozen) await client.query(`CREATE TABLE ${task.into} (LIKE ${mapping.table})`);
    const target = { into: task.into, columns: encoded.columns, isFrozen: task.isFrozen };
    return sendCopy(client, target, task.isMadeBefore ? made : encoded.chunks());
  });
});
port.postMessage({ rows });
port.close();
