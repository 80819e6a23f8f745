import { exitCodes } from '../exit-codes.ts';
import { type Call, jsonFlag, type Verb, type VerbContext } from '../verb.ts';
import { findRun, runOperand } from './attach.ts';

export const report: Verb = {
  name: 'report',
  summary: 'where the report of a run is',
  operand: runOperand,
  flags: [{ name: 'open-path', kind: 'switch', means: 'print the path alone' }, jsonFlag],
  examples: [
    ['soak report', 'the latest run'],
    ['xdg-open "$(soak report --open-path)"', 'look at it'],
  ],
  check: ({ flags }) => ('json' in flags && 'open-path' in flags ? ['--json and --open-path exclude each other'] : []),
  run: locateReport,
};

async function locateReport(call: Call, context: VerbContext): Promise<number> {
  const handle = await findRun(call, context);
  if (handle === undefined) return exitCodes.usage;
  const path = await context.service.reportPath(handle.runKey);
  if (path === undefined) {
    context.err(`${handle.workflowId} has no report yet: soak attach ${handle.workflowId} shows how far it is.`);
    return exitCodes.inconclusive;
  }
  if (call.flags['json'] === true) {
    context.out(JSON.stringify({ runId: handle.runKey, workflowId: handle.workflowId, report: path }));
  } else context.out(call.flags['open-path'] === true ? path : `${handle.workflowId}\n${path}`);
  return exitCodes.ok;
}
