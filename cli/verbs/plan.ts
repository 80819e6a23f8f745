import type { LoadDriver } from '#model/load-driver.ts';
import type { Machine } from '#model/machine.ts';
import { listWaveInputs, parseInput } from '#model/parse-input.ts';
import { planRun } from '#model/plan-run.ts';
import type { Plan } from '#model/plan.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderPlan } from '../plan-text.ts';
import { readOwnFile } from '../own-file.ts';
import { inputFlags, listSurplusWaves, readRunOrder, type RunOrder } from '../run-flags.ts';
import { jsonFlag, type Verb } from '../verb.ts';

export const plan: Verb = {
  name: 'plan',
  summary:
    'what a run would do on this machine: sizes, schedule and how far it can be scaled (twice the planned users), faults, promises, needs; starts nothing',
  operand: {
    name: 'WAVE',
    means: 'smoke, small, medium, large or enterprise; several with --workflow AllWaves',
    most: 5,
  },
  flags: [...inputFlags, { ...jsonFlag, means: 'the plan as one line of JSON (AllWaves: a list of plans)' }],
  examples: [
    ['soak plan enterprise', 'how much disk, memory and time it takes, and what its verdict can answer'],
    ['soak plan small --duration 2h', 'what two hours can answer that 15 minutes cannot'],
  ],
  check: (call) => {
    const { order, problems } = readRunOrder(call);
    return [...problems, ...listSurplusWaves(order, call)];
  },
  run: async (call, { service, out, err, terminal }) => {
    const { order } = readRunOrder(call);
    const driven = await readOwnFile(order, service);
    if ('problems' in driven) {
      err(driven.problems.join('\n'));
      return exitCodes.usage;
    }
    const plans = planOrder(order, await service.machine(), driven.driver);
    if (call.flags['json'] === true) out(JSON.stringify(order.workflow === 'AllWaves' ? plans : plans[0]));
    else out(plans.map((each) => renderPlan(each, terminal.colour)).join('\n\n'));
    return exitCodes.ok;
  },
};

function planOrder({ workflow, input }: RunOrder, machine: Machine, driver?: LoadDriver): Plan[] {
  if (workflow === 'AllWaves') {
    return listWaveInputs(input).flatMap((each) =>
      planOrder({ workflow: 'SoakWave', input: each.input }, machine, driver),
    );
  }
  const parsed = parseInput(workflow, input);
  if (!parsed.ok) throw new Error(`an input that had passed its check was refused: ${parsed.problems.join('; ')}`);
  return [planRun({ workflow, input: parsed.value, machine, ...(driver === undefined ? {} : { driver }) })];
}
