import { listInputProblems } from '#model/input-problems.ts';
import { type OperatorAction, operatorRequests } from '#model/operator.ts';
import type { OperatorOrder } from './service.ts';
import type { Call } from './verb.ts';

/** What a command line tells a run, and everything that is wrong with it, by the schema that the run's own validator uses (R9.1). */
export function readOperatorOrder(action: OperatorAction, call: Call): { order: OperatorOrder; problems: string[] } {
  const { run, request } = action === 'resolveStep' ? readResolution(call) : { run: call.operands[0], request: {} };
  const schema = operatorRequests[action];
  const keys = Object.keys(schema.shape).filter((key) => key !== 'who');
  const input: Record<string, unknown> = { ...request };
  for (const key of keys) if (key in call.flags) input[key] = call.flags[key];
  const updateId = call.flags['update-id'];
  const order = {
    run: run ?? 'latest',
    action,
    request: input,
    ...(typeof updateId === 'string' ? { updateId } : {}),
  };
  const parsed = schema.safeParse(input);
  const { issues = [] } = parsed.error ?? {};
  const unsaid = input['why'] === undefined;
  const problems = listInputProblems({
    input,
    issues: issues.filter(({ path }) => !(unsaid && path[0] === 'why')),
    workflow: action,
    keys,
    nameKey,
  });
  // A reason that was mistyped as a flag of another name is a problem already.
  if (unsaid && !call.problems.some((problem) => problem.includes('--why'))) problems.push(reasonMissing);
  return { order, problems: [...problems, ...checkUpdateId(updateId)] };
}

const reasonMissing = '--why is missing: say why in a few words; the reason stands in the audit and in the report';

/** One word is the choice, for the latest run; of two the first is the run. */
function readResolution({ operands }: Call): { run: string | undefined; request: object } {
  const choices: readonly string[] = operatorRequests.resolveStep.shape.choice.options;
  const [first, second] = operands;
  if (second === undefined && first !== undefined && choices.includes(first)) {
    return { run: undefined, request: { choice: first } };
  }
  return { run: first, request: second === undefined ? {} : { choice: second } };
}

const nameKey = (key: string): string => (key === 'choice' ? 'CHOICE' : `--${key}`);

const checkUpdateId = (id: unknown): string[] =>
  id === undefined || (typeof id === 'string' && /^[\w.:@-]{1,100}$/.test(id))
    ? []
    : ['--update-id: at most 100 letters, digits and . _ - : @'];
