import { regionOfGateway } from '#model/region.ts';
import type { ProcessSpec, StackPlan, StackPorts } from '#model/stack.ts';
import type { MockOptions } from './options.ts';

/** How the one process that serves every mocked gateway is started (R4.1). */
export function mockProcess(plan: StackPlan, ports: StackPorts, place: { home: string; node: string }): ProcessSpec {
  const options: MockOptions = {
    adminPort: ports.mockAdmin,
    seed: plan.mockSeed,
    toolsPerGateway: 20,
    gateways: gatewayIds(plan).map((gatewayId) => ({
      gatewayId,
      port: ports.mockFirst + gatewayId - 1,
      region: regionOfGateway(gatewayId),
    })),
    scenario: { name: 'steady', failureRate: plan.mockFailureRate, latencyFactor: 1 },
  };
  return {
    role: 'mocks',
    command: place.node,
    args: ['workers/mocks.ts'],
    env: { SOAK_MOCKS: JSON.stringify(options) },
    cwd: place.home,
    ready: { kind: 'http', url: `http://127.0.0.1:${ports.mockAdmin}/health`, status: 200 },
    readyWithinMs: 20_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 5_000,
  };
}

/** MCP endpoint of every mocked gateway, in the order of gateway ids. */
export function mockUrls(plan: Pick<StackPlan, 'mockGateways'>, ports: Pick<StackPorts, 'mockFirst'>): string[] {
  return gatewayIds(plan).map((gatewayId) => `http://127.0.0.1:${ports.mockFirst + gatewayId - 1}/mcp`);
}

const gatewayIds = (plan: Pick<StackPlan, 'mockGateways'>): number[] =>
  Array.from({ length: plan.mockGateways }, (_, index) => index + 1);
