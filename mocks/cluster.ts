import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdmin } from './admin.ts';
import { createGateway } from './gateway.ts';
import { createHistory } from './history.ts';
import { planTools } from './mcp-server.ts';
import type { MockOptions } from './options.ts';

const host = '127.0.0.1';

export interface StartedMocks {
  readonly adminPort: number;
  /** MCP endpoints in the order of the options. */
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/** Starts every mocked gateway and the admin port in this process, on the loopback (R4.1). */
export async function startMocks(options: MockOptions): Promise<StartedMocks> {
  let { scenario } = options;
  const history = createHistory(options.gateways);
  const admin = createAdmin({
    history,
    scenario: () => scenario,
    setScenario: (next) => {
      scenario = next;
    },
    reset: () => {
      scenario = options.scenario;
      history.reset();
    },
  });
  const servers = options.gateways.map((gateway) =>
    createGateway({
      options: gateway,
      seed: options.seed,
      tools: planTools(options.seed, gateway.gatewayId, options.toolsPerGateway),
      history,
      scenario: () => scenario,
    }),
  );
  const close = async (): Promise<void> => {
    await Promise.all([admin.close(), ...servers.map(stop)]);
  };
  try {
    await Promise.all(servers.map((server, index) => listen(server, options.gateways[index]?.port ?? 0)));
    await admin.listen({ host, port: options.adminPort });
  } catch (cause) {
    await close();
    throw new Error('the mocks cannot listen on all of their ports', { cause });
  }
  return {
    adminPort: portOf(admin.server),
    urls: servers.map((server) => `http://${host}:${portOf(server)}/mcp`),
    close,
  };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

/** A call that is being delayed is cut off: nobody waits for a mock. */
function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
