import { exitCodes } from './exit-codes.ts';
import type { OperatorAnswer, OperatorOrder, RunListing } from './service.ts';

interface Asked extends OperatorOrder {
  readonly verb: string;
  readonly where: { readonly address: string; readonly namespace: string };
}

const answeredWithin = '30 s';

/** What came of telling a run something, with what to do next. */
export function describeAnswer(answer: OperatorAnswer, asked: Asked): string {
  const { namespace, address } = asked.where;
  const asking = `namespace ${namespace} at ${address}`;
  switch (answer.kind) {
    case 'accepted':
      return `${answer.run.workflowId}: ${answer.answer}`;
    case 'rejected':
      return `${answer.run.workflowId} did not take this ${asked.verb}: ${answer.problem}`;
    case 'unanswered':
      return answer.isStored ? describeStored(answer.run) : describeUntold(answer, asked);
    case 'failing':
      return describeFailing(answer.run);
    case 'over':
      return describeOver(answer.run);
    case 'elsewhere':
      return (
        `${asked.run} is recorded here as ${answer.workflowId}, and ${asking} does not know it: it belongs to another ` +
        `namespace, or is older than the namespace keeps runs. ${otherNamespace}`
      );
    case 'no-run':
      return `${JSON.stringify(asked.run)} is a workflow ${answer.workflow} in ${asking}, not a run of soak.`;
    case 'unknown':
      return asked.run === 'latest'
        ? `No run is going on in ${asking}: soak list shows those that have ended. ${otherNamespace}`
        : describeUnknown(asked.run, asked.where);
  }
}

/** A run that nobody knows: which namespace was asked, and how to ask another one. */
export const describeUnknown = (run: string, { namespace, address }: Asked['where']): string =>
  `No run is called ${JSON.stringify(run)} in namespace ${namespace} at ${address}; soak list names them. ${otherNamespace}`;

const otherNamespace = 'TEMPORAL_NAMESPACE or TEMPORAL_PROFILE asks another namespace.';

function describeOver({ workflowId, runId, state, outcome }: RunListing): string {
  const how = outcome === undefined ? state : `${state}, ${outcome}`;
  return `${workflowId} has ended (${how}), so nothing can be told to it: soak report ${runId} shows what came of it.`;
}

const describeStored = ({ workflowId }: RunListing): string =>
  `${workflowId} has it in its history and no worker has answered within ${answeredWithin}: it is done as soon as one is ` +
  'back, so do not repeat it. soak up starts workers, soak status shows them.';

const describeFailing = ({ workflowId }: RunListing): string =>
  `${workflowId} takes nothing now: the code of its workflow fails on every worker, as its last events in the Temporal UI say. ` +
  'Its load goes on and nothing is lost. Mend the code, soak up replaces the workers, then repeat this.';

/** Before a worker has taken it, an update is only in the memory of Temporal. */
const describeUntold = ({ run, updateId }: Extract<OperatorAnswer, { kind: 'unanswered' }>, asked: Asked): string =>
  [
    `No worker answered within ${answeredWithin}, so ${run.workflowId} goes on as before; nothing of it is lost.`,
    'soak up starts workers, soak status shows them. As soon as one is back it is told this, unless Temporal was restarted',
    'meanwhile, which forgets it. To be sure, repeat it under its id, by which it is carried out once:',
    `  ${repeatCommand(run, updateId, asked)}`,
  ].join('\n');

function repeatCommand({ runId }: RunListing, updateId: string, { verb, request }: Asked): string {
  const { choice, ...flags } = request;
  const words = ['soak', verb, runId, ...(choice === undefined ? [] : [quote(choice)])];
  for (const [name, value] of Object.entries(flags)) words.push(`--${name}`, quote(value));
  return [...words, '--update-id', updateId].join(' ');
}

function quote(value: unknown): string {
  const text = String(value);
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `did` is the verb's name; `accepted` is what a script looks at. */
export function toJson(answer: Extract<OperatorAnswer, { run: RunListing }>, did: string): string {
  const { runId, workflowId } = answer.run;
  const more = { ...answer, run: undefined, kind: undefined };
  return JSON.stringify({
    runId,
    workflowId,
    verb: did,
    accepted: answer.kind === 'accepted',
    is: answer.kind,
    ...more,
  });
}

/** A request that makes no sense is the user's; a worker that is away is something that is not up. */
export function exitCodeOfAnswer({ kind }: OperatorAnswer): number {
  if (kind === 'accepted') return exitCodes.ok;
  return kind === 'unanswered' || kind === 'failing' ? exitCodes.notUp : exitCodes.usage;
}
