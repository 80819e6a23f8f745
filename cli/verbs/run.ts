import { exitCodes } from '../exit-codes.ts';
import { followRun } from '../follow.ts';
import { whenAborted } from '../interruption.ts';
import { readOwnFile } from '../own-file.ts';
import { inputFlags, listSurplusWaves, readRunOrder } from '../run-flags.ts';
import { type Call, jsonFlag, type Verb, type VerbContext } from '../verb.ts';

export const run: Verb = {
  name: 'run',
  summary: 'start a run, follow it, exit 0 pass, 1 fail, 2 inconclusive, 64 usage',
  operand: {
    name: 'WAVE',
    means: 'smoke, small, medium, large or enterprise; several with --workflow AllWaves',
    most: 5,
  },
  flags: [
    ...inputFlags,
    { name: 'id', value: 'NAME', kind: 'text', means: 'workflow id of the run (default soak/WAVE/TIME)' },
    { name: 'detach', kind: 'switch', means: 'start it and return at once' },
    { ...jsonFlag, means: 'progress to stderr, the result as last line of stdout' },
  ],
  examples: [
    ['soak run smoke', 'a minute of load, a verdict, a report'],
    ['soak run small --users 50 --duration 5m', 'the small wave with half its users for a third of its time'],
    ['soak run large --scale 0.05 --faults none', 'a large wave’s shape at a twentieth of its size, undisturbed'],
    ['soak run small --capacity', 'how many requests a second it can carry, with the knee and the safe limit'],
    ['soak run smoke --scenario ./shop.ts', 'a load of your own; docs/scenarios.md says how it is written'],
    ['soak run small --without operations-checked', 'one promise less, named in the headline of the verdict'],
    ['soak run --workflow StabilityRun small --duration 8h --detach', 'a working day of soaking; soak attach shows it'],
    ['soak run --workflow AllWaves smoke small --json', 'two waves in order, compared'],
  ],
  check: (call) => {
    const { order, problems } = readRunOrder(call);
    return [...problems, ...listSurplusWaves(order, call), ...checkId(call)];
  },
  detaches: true,
  run: startAndFollow,
};

function checkId({ flags }: Call): string[] {
  const id = flags['id'];
  if (typeof id !== 'string' || /^[\w./:@-]{1,200}$/.test(id)) return [];
  return ['--id: at most 200 letters, digits and . _ - / : @'];
}

async function startAndFollow(call: Call, context: VerbContext): Promise<number> {
  const { order } = readRunOrder(call);
  const asJson = call.flags['json'] === true;
  const driven = await readOwnFile(order, context.service);
  if ('problems' in driven) {
    context.err(driven.problems.join('\n'));
    return exitCodes.usage;
  }
  const say = asJson ? context.err : context.out;
  const started = await Promise.race([context.service.up(say), whenAborted(context.interrupted)]);
  if (started === 'interrupted') {
    context.err('Interrupted before the run was started; soak down stops what is up.');
    return exitCodes.interrupted;
  }
  const id = call.flags['id'];
  const handle = await context.service.startRun({
    workflow: order.workflow,
    input:
      context.isCi && order.input['onBlocked'] === undefined ? { ...order.input, onBlocked: 'abort' } : order.input,
    ...(typeof id === 'string' ? { workflowId: id } : {}),
  });
  say(`Started ${handle.workflowId} (run key ${handle.runKey})`);
  if (call.flags['detach'] !== true) return followRun(handle, context, asJson);
  if (asJson) context.out(JSON.stringify({ runId: handle.runKey, workflowId: handle.workflowId }));
  else say(`Follow it: soak attach ${handle.workflowId}`);
  return exitCodes.ok;
}
