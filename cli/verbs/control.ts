import { FaultKind } from '#model/fault-plan.ts';
import type { OperatorAction } from '#model/operator.ts';
import { describeAnswer, exitCodeOfAnswer, toJson } from '../operator-text.ts';
import { readOperatorOrder } from '../operator-order.ts';
import { type Flag, jsonFlag, type Verb } from '../verb.ts';

const runOperand = { name: 'RUN', means: 'a run key, a workflow id, or latest (the default): the latest that goes on' };

const toldFlags: readonly Flag[] = [
  { name: 'why', value: 'TEXT', kind: 'text', means: 'the reason; it stands in the run’s audit and in its report' },
  {
    name: 'update-id',
    value: 'ID',
    kind: 'text',
    means: 'repeat an order that nobody answered: under one id it is carried out once',
  },
  jsonFlag,
];

interface Control {
  readonly name: string;
  readonly action: OperatorAction;
  readonly summary: string;
  readonly flags?: readonly Flag[];
  readonly operand?: NonNullable<Verb['operand']>;
  readonly examples: Verb['examples'];
}

/** One verb for each update of a run (R7.2): read here, checked by the schema that the run's own validator uses, sent, answered. */
function control({ name, action, summary, flags = [], operand, examples }: Control): Verb {
  return {
    name,
    summary,
    operand: operand ?? { ...runOperand, most: 1 },
    flags: [...flags, ...toldFlags],
    examples,
    check: (call) => readOperatorOrder(action, call).problems,
    run: async (call, context) => {
      const { order } = readOperatorOrder(action, call);
      const { service, out, err } = context;
      const answer = await service.tell(order);
      const text = describeAnswer(answer, { ...order, verb: name, where: service.where() });
      if (call.flags['json'] === true && 'run' in answer) out(toJson(answer, name));
      else if (answer.kind === 'accepted') out(text);
      if (answer.kind !== 'accepted') err(text);
      return exitCodeOfAnswer(answer);
    },
  };
}

export const pause = control({
  name: 'pause',
  action: 'pause',
  summary: 'take the load of a run to nothing until soak resume; paused time is neither planned nor judged',
  examples: [
    ['soak pause --why "deploying the gateway"', 'the latest run that goes on'],
    ['soak resume --why deployed', 'and on it goes; the rest of its schedule moved by the pause'],
  ],
});

export const resume = control({
  name: 'resume',
  action: 'resume',
  summary: 'end a pause',
  examples: [['soak resume soak/small/2026-11-23T18-00-05 --why deployed', 'a run by its workflow id']],
});

export const abort = control({
  name: 'abort',
  action: 'abort',
  summary: 'end a run now: load stops, faults heal, what there is gets judged',
  examples: [['soak abort --why "seen enough"', 'at best inconclusive, unless a failure is already certain']],
});

export const scale = control({
  name: 'scale',
  action: 'scaleLoad',
  summary: 'change the number of virtual users, or the rate of an open load, from now to the end of the load',
  flags: [
    { name: 'users', value: 'N', kind: 'number', means: 'virtual users; reached at the plan’s spawn rate' },
    { name: 'rate', value: 'N', kind: 'number', means: 'of an open load: iterations begun per second, at once' },
  ],
  examples: [
    ['soak scale latest --users 200 --why "where is the knee?"', ''],
    ['soak scale latest --rate 150 --why "where is the knee?"', 'of a load that began with --arrival-rate'],
  ],
});

export const inject = control({
  name: 'inject',
  action: 'injectFault',
  summary: 'break something now that was not planned; it heals after --hold and is judged like a planned fault',
  flags: [
    { name: 'kind', value: 'FAULT', kind: 'text', means: FaultKind.options.join(', ') },
    { name: 'victim', value: 'ROLE', kind: 'text', means: 'a role as in soak status; else the fault’s own choice' },
    { name: 'hold', value: 'LENGTH', kind: 'text', means: 'how long until it is undone, e.g. 5s' },
  ],
  examples: [
    ['soak inject --kind kill-gateway --why "game day"', 'any gateway'],
    ['soak inject latest --kind kill-gateway --victim gateway-2 --hold 5s --why "game day"', 'this one, for 5 s'],
  ],
});

export const extend = control({
  name: 'extend',
  action: 'extend',
  summary: 'let the load go on for longer, with as many users, or at the rate, as at its end',
  flags: [{ name: 'by', value: 'LENGTH', kind: 'text', means: 'how much longer, e.g. 10m' }],
  examples: [['soak extend --by 10m --why "p95 has not settled"', '']],
});

export const resolve = control({
  name: 'resolve',
  action: 'resolveStep',
  summary: 'say what a blocked step shall do: retry, skip or abort',
  operand: { name: 'RUN CHOICE', means: 'the run, or latest (the default); retry, skip or abort', most: 2 },
  examples: [
    ['soak resolve retry --why "the disk has room again"', 'the latest run that goes on'],
    ['soak resolve my-run skip --why "not needed today"', 'what rested on the step stays unanswered'],
  ],
});
