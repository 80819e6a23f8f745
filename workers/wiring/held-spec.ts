import type { ProcessSpec } from '#model/stack.ts';
import type { Environment } from './environment.ts';
import { type HeldOptions, heldVariable } from './held-process.ts';

interface HeldProgram {
  readonly role: string;
  readonly entry: string;
  readonly nice: number;
  readonly nodeArgs?: readonly string[];
}

/** Spec of a held process: `workers/<entry>.ts`, told its folder and epoch, detached from whoever starts it. */
export function heldSpec(
  environment: Environment,
  { role, entry, nice, nodeArgs = [], ...held }: HeldOptions & HeldProgram,
): ProcessSpec {
  return {
    role,
    command: environment.node,
    args: [...nodeArgs, `workers/${entry}.ts`],
    env: { ...environment.forChildren, [heldVariable]: JSON.stringify(held) },
    cwd: environment.home,
    nice,
    ready: { kind: 'alive' },
    readyWithinMs: 10_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 15_000,
  };
}
