import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StartedMocks, startMocks } from './cluster.ts';
import type { MockOptions } from './options.ts';

const options: MockOptions = {
  adminPort: 0,
  seed: 5,
  toolsPerGateway: 250,
  gateways: [
    { gatewayId: 1, port: 0, region: 'us-east' },
    { gatewayId: 2, port: 0, region: 'us-west' },
  ],
  // As quick as a mock may be.
  scenario: { name: 'steady', failureRate: 0, latencyFactor: 0.01 },
};

let mocks: StartedMocks;
beforeEach(async () => {
  mocks = await startMocks(options);
});
afterEach(() => mocks.close());

describe('a mocked gateway', () => {
  it('speaks MCP to the official client: initialize, tools/list page by page, tools/call', async () => {
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(mocks.urls[1] ?? ''));
    await client.connect(transport);
    expect(client.getServerVersion()?.name).toBe('gateway-2');
    const names: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await client.listTools(cursor === undefined ? {} : { cursor });
      names.push(...page.tools.map(({ name }) => name));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== undefined);
    expect([pages, new Set(names).size]).toEqual([3, 250]);
    const called = await client.callTool({ name: names[0] ?? '', arguments: { text: 'hello' } });
    expect(called.content).toEqual([{ type: 'text', text: `${names[0] ?? ''}: hello` }]);
    await expect(client.callTool({ name: 'nothing' })).rejects.toThrow('there is no tool nothing');
    await client.close();
    const history = await readHistory();
    expect(history.gateways[1]?.calls).toMatchObject({ initialize: 1, 'tools/list': 3, 'tools/call': 2 });
    expect(history.gateways[0]?.calls).toEqual({});
  });

  it('tells its region and the scenario, and fails as the scenario says', async () => {
    expect((await admin('PUT', '/scenario', { name: 'outage', failureRate: 1 })).status).toBe(200);
    const response = await list();
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(response.headers.get('x-gateway-region')).toBe('us-east');
    expect(response.headers.get('x-test-scenario')).toBe('outage');
    expect((await readHistory()).gateways[0]).toMatchObject({ failures: 1 });
  });

  it('is as it was started after a reset', async () => {
    await admin('PUT', '/scenario', { failureRate: 1 });
    await list();
    await admin('POST', '/reset');
    expect((await list()).status).toBe(200);
    expect((await readHistory()).gateways[0]).toMatchObject({ calls: { 'tools/list': 1 }, failures: 0 });
  });

  it('refuses what is no MCP and a scenario that does not exist', async () => {
    expect((await fetch(mocks.urls[0] ?? '', { method: 'POST', body: 'x' })).status).toBe(400);
    expect((await fetch(new URL('/elsewhere', mocks.urls[0]))).status).toBe(404);
    expect((await admin('PUT', '/scenario', { failureRate: 2 })).status).toBe(400);
    expect((await admin('PUT', '/scenario', { mood: 'bad' })).status).toBe(400);
  });
});

function list(): Promise<Response> {
  return fetch(mocks.urls[0] ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
}

function admin(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${mocks.adminPort}${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
}

async function readHistory(): Promise<{ gateways: { calls: Record<string, number>; failures: number }[] }> {
  return (await admin('GET', '/history')).json() as ReturnType<typeof readHistory>;
}
