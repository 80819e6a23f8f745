import { regionOfGateway } from '#model/region.ts';
import type { ProcessSpec, StackPlan } from '#model/stack.ts';
import type { Target, TargetPlace } from '#model/target.ts';
import { localCacheMsMax } from './gateway/local-cache.ts';
import type { GatewayOptions } from './gateway/options.ts';
import { gatewayProbes } from './probes.ts';
import { referenceSchema } from './schema.ts';
import { referenceSpeech } from './speech.ts';
import { adminToken } from './tokens.ts';

const forgetWithinMs = 5_000;

/** The gateway written here (R5.1): the embedded default, and the thing on which the harness proves itself. */
export const referenceTarget: Target = {
  name: 'reference',
  // An answered write is seen everywhere at once, unless an instance did not hear of it: then until its L1 entry ends.
  cacheBoundMs: localCacheMsMax,
  schema: referenceSchema,
  processes: (plan, place) =>
    Array.from({ length: plan.gatewayInstances }, (_, index) => gatewayProcess(plan, place, index)),
  speech: referenceSpeech,
  probes: gatewayProbes,
  async forget(address, secret) {
    const response = await fetch(new URL('/v1/cache', address.gatewayUrls[0]), {
      method: 'DELETE',
      headers: { authorization: `Bearer ${adminToken(secret)}` },
      signal: AbortSignal.timeout(forgetWithinMs),
    });
    if (response.status !== 204) throw new Error(`the gateway did not drop its caches: it answered ${response.status}`);
  },
};

function gatewayProcess(plan: StackPlan, place: TargetPlace, index: number): ProcessSpec {
  const port = place.ports.gatewayFirst + index;
  const role = `gateway-${index + 1}`;
  const options: GatewayOptions = {
    port,
    instance: role,
    databaseUrl: place.databaseUrl,
    redisUrl: place.redisUrl,
    secretFile: place.secretFile,
    peers: place.mockUrls.map((url, peer) => ({ gatewayId: peer + 1, url, region: regionOfGateway(peer + 1) })),
    l1BytesMax: plan.l1BytesMax,
    databasePoolMax: plan.databasePoolMax,
    federationTimeoutMs: 3_000,
    ...(plan.collectEveryMs === undefined ? {} : { collectEveryMs: plan.collectEveryMs }),
    defects: plan.defects === undefined ? {} : { planted: plan.defects, seed: plan.mockSeed },
  };
  return {
    role,
    command: place.node,
    // Requests live shorter than two young collections of this size, so little of them is promoted to the old generation.
    args: ['--max-semi-space-size=32', 'workers/gateway.ts'],
    env: { SOAK_GATEWAY: JSON.stringify(options) },
    cwd: place.home,
    ready: { kind: 'http', url: `http://127.0.0.1:${port}/ready`, status: 200 },
    readyWithinMs: 30_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 6_000,
  };
}
