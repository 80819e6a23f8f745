import { setPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { readEnvironment } from './wiring/environment.ts';
import { createReckoner, isTask } from './wiring/reckoner.ts';

/**
 * One reckoning: `plan`, `waves`, `judge`, `checkpoint`, `report` or `compare`, its request on standard input and its answer on standard output.
 * A child of the orchestrator, so that minutes of arithmetic never block its event loop (design §2).
 */
const task = process.argv[2];
const answer = await reckon().catch((error: unknown) => ({
  error: {
    name: error instanceof Error ? error.name : 'Error',
    message: error instanceof Error ? error.message : String(error),
  },
}));
process.stdout.write(JSON.stringify(answer), () => process.exit());

async function reckon(): Promise<{ value: unknown }> {
  if (!isTask(task)) throw new Error(`there is no reckoning called ${String(task)}`);
  // Beside the load, and in nobody's way: the load, its engines and whoever watches them run first.
  if (task === 'checkpoint') setPriority(0, 10);
  const reckoner = createReckoner(readEnvironment());
  return { value: await reckoner[task](JSON.parse(await text(process.stdin)) as never) };
}
