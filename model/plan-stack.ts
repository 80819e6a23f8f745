import type { Machine } from './machine.ts';
import { mebibyte } from './needs.ts';
import type { StackPlan } from './stack.ts';
import type { WaveName } from './wave.ts';

interface StackRequest {
  readonly wave: WaveName;
  readonly machine: Machine;
  readonly instances: number | undefined;
  readonly gateways: number;
  readonly seed: number;
}

/** What a wave would like on a machine without limits; R5's figures at enterprise. */
const wanted = {
  smoke: { l1MiB: 64, redisMiB: 128, buffersMiB: 128, connections: 20 },
  small: { l1MiB: 128, redisMiB: 256, buffersMiB: 256, connections: 20 },
  medium: { l1MiB: 256, redisMiB: 1_024, buffersMiB: 1_024, connections: 50 },
  large: { l1MiB: 512, redisMiB: 4_096, buffersMiB: 2_048, connections: 150 },
  enterprise: { l1MiB: 1_024, redisMiB: 10_240, buffersMiB: 4_096, connections: 300 },
} as const satisfies Record<WaveName, Record<string, number>>;

/** Shares of the machine's memory that may go to each cache at most; the rest is for everything else. */
const memoryShares = { l1: 0.2, redis: 0.25, buffers: 0.15 } as const;
const poolConnectionsMax = 50;
const mockFailureRate = 0.05;

/** R5, R5.4: caches and pools as the wave wants them, cut to what this machine holds; each cut is a remark. */
export function planStack(request: StackRequest): { stack: StackPlan; remarks: string[] } {
  const { machine } = request;
  const want = wanted[request.wave];
  const instances = request.instances ?? (machine.cores <= 2 ? 2 : 4);
  const remarks: string[] = [];
  const fit = (what: string, wantedMiB: number, bytesMax: number): number => {
    const fittedMiB = Math.max(16, Math.min(wantedMiB, Math.floor(bytesMax / mebibyte)));
    if (fittedMiB < wantedMiB)
      remarks.push(`${what} is ${fittedMiB} MiB instead of ${wantedMiB} MiB: this machine's memory holds no more.`);
    return fittedMiB * mebibyte;
  };
  const l1BytesMax = fit(
    'The L1 cache of each gateway',
    want.l1MiB,
    (machine.memoryBytes * memoryShares.l1) / instances,
  );
  const redisBytesMax = fit('The L2 cache (Redis)', want.redisMiB, machine.memoryBytes * memoryShares.redis);
  const databaseSharedBuffersBytes = fit(
    "PostgreSQL's shared_buffers",
    want.buffersMiB,
    machine.memoryBytes * memoryShares.buffers,
  );
  return {
    stack: {
      provisioner: 'local',
      target: 'reference',
      gatewayInstances: instances,
      l1BytesMax,
      redisBytesMax,
      databasePoolMax: poolSize(want.connections, instances, machine.cores),
      databaseSharedBuffersBytes,
      mockGateways: request.gateways,
      mockSeed: request.seed,
      mockFailureRate,
      cores: machine.cores,
      placement: `co-located: generator and target share ${machine.cores} ${machine.cores === 1 ? 'core' : 'cores'}`,
    },
    remarks,
  };
}

/** A fifth of the objective's connections is left to seeding, sampling and verification; more than 8 a core only queue elsewhere. */
function poolSize(connections: number, instances: number, cores: number): number {
  return Math.max(4, Math.min(poolConnectionsMax, 8 * cores, Math.floor((connections * 0.8) / instances)));
}
