import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { Environment } from './environment.ts';
import { temporalAddress } from './temporal-address.ts';

/** A server that starts at the same time as its workers is waited for. */
const serverWithinMs = 60_000;
const lookMs = 500;

/** Rejects when the service is not there after a minute. */
export async function connectWorker(
  environment: Environment,
): Promise<{ connection: NativeConnection; namespace: string }> {
  const { options, namespace } = temporalAddress(environment);
  const deadline = Date.now() + serverWithinMs;
  for (;;) {
    try {
      return { connection: await NativeConnection.connect(options), namespace };
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await sleep(lookMs);
    }
  }
}
