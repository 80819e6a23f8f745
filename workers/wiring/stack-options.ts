import type { LocalStackOptions } from '#compose/local/stack-plan.ts';
import { measureMachine } from '#compose/machine.ts';
import { mockProcess, mockUrls } from '#mocks/process.ts';
import type { Plan } from '#model/plan.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import type { Context } from './context.ts';

/** Everything that a local stack of a plan is made from on this host; the same plan gives the same stack, so that it is adopted. */
export function stackOptions({ environment, places }: Context, plan: Plan): LocalStackOptions {
  const { home, node, searchPath, cacheFolder } = environment;
  const ports = places.stackPorts;
  return {
    plan: plan.stack,
    stackFolder: places.stack,
    ports,
    target: referenceTarget,
    mockProcess: mockProcess(plan.stack, ports, { home, node }),
    mockUrls: mockUrls(plan.stack, ports),
    home,
    node,
    memoryBytes: measureMachine(places.stack).memoryBytes,
    searchPath,
    cacheFolder,
  };
}
