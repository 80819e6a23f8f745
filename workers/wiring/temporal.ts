import { Client, Connection } from '@temporalio/client';
import type { Environment } from './environment.ts';
import { temporalAddress } from './temporal-address.ts';

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
