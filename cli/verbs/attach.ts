import { exitCodes } from '../exit-codes.ts';
import { followRun } from '../follow.ts';
import { describeUnknown } from '../operator-text.ts';
import type { RunHandle } from '../service.ts';
import { type Call, jsonFlag, type Verb, type VerbContext } from '../verb.ts';

export const runOperand = { name: 'RUN', means: 'a run key, a workflow id, or latest (the default)', most: 1 } as const;

export const attach: Verb = {
  name: 'attach',
  summary: 'follow a run that was started elsewhere or detached from',
  operand: runOperand,
  flags: [{ ...jsonFlag, means: 'progress to stderr, the result as last line of stdout' }],
  examples: [
    ['soak attach', 'the latest run'],
    ['soak attach soak/small/2026-11-23T18-00', 'a run by its workflow id'],
  ],
  detaches: true,
  run: async (call, context) => {
    const handle = await findRun(call, context);
    if (handle === undefined) return exitCodes.usage;
    return followRun(handle, context, call.flags['json'] === true);
  },
};

/** The run that a command line names; undefined, with a message, when there is none. */
export async function findRun({ operands }: Call, { service, err }: VerbContext): Promise<RunHandle | undefined> {
  const text = operands[0] ?? 'latest';
  const handle = await service.resolve(text);
  if (handle === undefined) {
    err(
      text === 'latest'
        ? `There is no run yet in namespace ${service.where().namespace}: soak run smoke starts one.`
        : describeUnknown(text, service.where()),
    );
  }
  return handle;
}
