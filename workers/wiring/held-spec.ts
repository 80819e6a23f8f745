import type { ProcessSpec } from '#model/stack.ts';
import type { Environment } from './environment.ts';
import { type HeldOptions, heldVariable } from './held-process.ts';

/** Spec of a held process: `workers/<entry>.ts`, told its folder and epoch, detached from whoever starts it. */
export function heldSpec(
  environment: Environment,
  { role, entry, nice, ...held }: HeldOptions & { role: string; entry: string; nice: number },
): ProcessSpec {
  return {
    role,
    command: environment.node,
    args: [`workers/${entry}.ts`],
    env: { ...environment.forChildren, [heldVariable]: JSON.stringify(held) },
    cwd: environment.home,
    nice,
    ready: { kind: 'alive' },
    readyWithinMs: 10_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 15_000,
  };
}
