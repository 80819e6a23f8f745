import { loadClientConnectConfig } from '@temporalio/envconfig';
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
