import { GatewayOptions } from '#targets/reference/gateway/options.ts';
import { startGateway } from '#targets/reference/gateway/server.ts';
import { readChildOptions } from './wiring/environment.ts';

/** One instance of the reference gateway. SIGTERM lets requests in flight finish. */
const gateway = await startGateway(readChildOptions('SOAK_GATEWAY', GatewayOptions));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void gateway.close().then(() => process.exit(0)));
}
