import type { Operation, TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import type * as z from 'zod';
import * as answers from './answers.ts';
import { failure, type Findings } from './findings.ts';
import { checkAggregate, checkFederated, checkMembers, checkUsage } from './other-checks.ts';
import type { SeededView } from './seeded-view.ts';
import { createToolChecks, type ToolChecks } from './tool-checks.ts';

/** An answer that is all wrong is wrong a few times. */
const failuresMax = 5;

/** Status first, then shape, then scope and content; an answer of the wrong status or shape is not looked into further. */
export function createAnswerCheck(view: SeededView): TargetSpeech['check'] {
  const tools = createToolChecks(view);
  return (operation, user, response) => {
    const expected = expectedStatus(operation);
    if (response.status !== expected) {
      const detail = `${operation.kind} of user ${user.userId} was answered ${response.status} instead of ${expected}`;
      return { failures: [failure('status', detail)], toolIds: [], partial: false };
    }
    const { failures, toolIds = [], partial = false } = look(operation, response.body, { user, view, tools });
    return { failures: failures.slice(0, failuresMax), toolIds, partial };
  };
}

function expectedStatus({ kind }: Operation): number {
  if (kind === 'create-tool') return 201;
  return kind === 'delete-tool' ? 204 : 200;
}

interface Context {
  readonly user: Identity;
  readonly view: SeededView;
  readonly tools: ToolChecks;
}

function look(operation: Operation, body: string, { user, view, tools }: Context): Findings {
  switch (operation.kind) {
    case 'list-team-tools':
    case 'team-tools':
      return read(answers.ToolListAnswer, body, (answer) => tools.ofTeam(operation, answer.tools));
    case 'search-tools':
      return read(answers.ToolListAnswer, body, (answer) => tools.found(operation, answer.tools));
    case 'list-visible-tools':
      return read(answers.ToolListAnswer, body, (answer) => tools.visible(operation, user, answer.tools));
    case 'export-tools':
      return read(answers.ExportAnswer, body, (answer) => tools.exported(operation, user, answer.tools));
    case 'read-tool':
    case 'create-tool':
    case 'update-tool':
    case 'share-tool':
      return read(answers.ToolAnswer, body, (answer) => tools.single(operation, user, answer));
    case 'delete-tool':
      return { failures: body === '' ? [] : [failure('shape', 'a deletion was answered with a body')] };
    case 'team-members':
      return read(answers.MembersAnswer, body, (answer) => checkMembers(operation, view.population, answer));
    case 'team-usage':
      return read(answers.UsageAnswer, body, (answer) => checkUsage(operation, view.population, answer));
    case 'federated-tools':
      return read(answers.FederatedToolsAnswer, body, (answer) => checkFederated(operation, view.population, answer));
    case 'federation-aggregate':
      return read(answers.AggregateAnswer, body, (answer) => checkAggregate(operation, view.population, answer));
  }
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  body: string,
  check: (answer: z.infer<Schema>) => Findings,
): Findings {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return { failures: [failure('shape', 'the answer is not JSON')] };
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return check(parsed.data);
  const [issue] = parsed.error.issues;
  return { failures: [failure('shape', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unexpected answer'}`)] };
}
