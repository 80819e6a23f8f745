import { setTimeout as sleep } from 'node:timers/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Environment } from './environment.ts';
import { embeddedAddress, placesOf } from './places.ts';

/**
 * How Temporal is reached: profile and TEMPORAL_* variables as the Temporal CLI reads them; without either, the embedded
 * server of this checkout. So a real cluster is a profile away.
 */
export function temporalAddress(environment: Environment) {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = environment.externalTemporal ? connectionOptions.address : embeddedAddress(placesOf(environment));
  return {
    options: { ...connectionOptions, ...(address === undefined ? {} : { address }) },
    address: address ?? 'localhost:7233',
    namespace: namespace ?? 'default',
  };
}

export interface TemporalClient {
  readonly client: Client;
  readonly namespace: string;
  readonly address: string;
  close(): Promise<void>;
}

/**
 * gRPC's own pause between two attempts grows to two minutes: long after an outage it would still find nobody there.
 * @internal
 */
export const channelArgs = { 'grpc.max_reconnect_backoff_ms': 2_000 } as const;

/** One connection a process. Rejects when the service does not answer within `timeoutMs`. */
export async function connectClient(environment: Environment, timeoutMs = 5_000): Promise<TemporalClient> {
  const { options, address, namespace } = temporalAddress(environment);
  const connection = await Connection.connect({ ...options, channelArgs, connectTimeout: timeoutMs });
  return {
    client: new Client({ connection, namespace }),
    namespace,
    address,
    close: () => connection.close(),
  };
}

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
