import { driveBare, type DriveLine, DriveTask } from './wiring/bench-drive.ts';
import { readChildOptions } from './wiring/environment.ts';

/** One generating process of `soak bench load`; says what it found on its output, a line of JSON each. */
const task = readChildOptions('SOAK_BENCH_LOAD', DriveTask);
const say = (line: DriveLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
if (task.kind === 'bare') say(await driveBare(task));
else {
  // What a whole engine takes to load is not the bare connections' memory.
  const { driveEngine } = await import('./wiring/bench-engine.ts');
  await driveEngine(task, say);
}
