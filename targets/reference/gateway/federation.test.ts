import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { regionOfGateway } from '#model/region.ts';
import { createFederation, type Federation } from './federation.ts';

interface Upstream {
  requests: number;
  concurrent: number;
  concurrentMax: number;
}

const opened: { server?: Server; federation?: Federation } = {};

afterEach(async () => {
  await opened.federation?.close();
  opened.server?.closeAllConnections();
  await new Promise((resolve) => opened.server?.close(resolve));
});

describe('federation', () => {
  it('asks at most twenty gateways at a time, and each once within its answer’s time', async () => {
    const { federation, upstream } = await start({ gateways: 50 });
    const answers = await federation.ask(
      new Set(['us-east', 'us-west', 'eu-central', 'eu-west', 'ap-south', 'ap-east']),
    );
    expect(answers.map(({ peer }) => peer.gatewayId)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(answers.every(({ tools }) => tools?.length === 3)).toBe(true);
    expect(upstream.concurrentMax).toBe(20);
    await federation.ask(new Set(['us-east']));
    expect(upstream.requests).toBe(100);
  });

  it('lets requests that come together share one call of a gateway', async () => {
    const { federation, upstream } = await start({ gateways: 1 });
    await Promise.all(Array.from({ length: 10 }, () => federation.ask(new Set(['us-east']))));
    expect(upstream.requests).toBe(2);
  });

  it('tells a gateway that fails or is late from one that answers, and asks it again', async () => {
    const { federation, upstream, called } = await start({ gateways: 18, failing: [1], late: [7], timeoutMs: 1_000 });
    const answers = await federation.ask(new Set(['us-east']));
    expect(answers.map(({ peer, tools }) => [peer.gatewayId, tools !== undefined])).toEqual([
      [1, false],
      [7, false],
      [13, true],
    ]);
    expect(called.map(({ isAnswered }) => isAnswered).sort()).toEqual([false, false, true]);
    const before = upstream.requests;
    await federation.ask(new Set(['us-east']));
    expect(upstream.requests).toBe(before + 2);
  });
});

async function start(options: { gateways: number; failing?: number[]; late?: number[]; timeoutMs?: number }) {
  const upstream: Upstream = { requests: 0, concurrent: 0, concurrentMax: 0 };
  const server = createServer((request, response) => {
    const gatewayId = Number(request.url?.slice(1));
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => void answer());
    const answer = async (): Promise<void> => {
      upstream.requests += 1;
      upstream.concurrent += 1;
      upstream.concurrentMax = Math.max(upstream.concurrentMax, upstream.concurrent);
      await setTimeout(options.late?.includes(gatewayId) ? 1_500 : 10);
      upstream.concurrent -= 1;
      if (options.failing?.includes(gatewayId)) response.writeHead(503);
      const { id, params } = JSON.parse(text) as { id: number; params: { cursor?: string } };
      // Two pages: two tools, then one.
      const page =
        params.cursor === undefined
          ? { tools: [{ name: 'a' }, { name: 'b' }], nextCursor: '2' }
          : { tools: [{ name: 'c' }] };
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: page }));
    };
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const called: { isAnswered: boolean }[] = [];
  const federation = createFederation(
    {
      federationTimeoutMs: options.timeoutMs ?? 10_000,
      peers: Array.from({ length: options.gateways }, (_, index) => ({
        gatewayId: index + 1,
        url: `http://127.0.0.1:${port}/${index + 1}`,
        region: regionOfGateway(index + 1),
      })),
    },
    { called: (_region, _seconds, isAnswered) => called.push({ isAnswered }) },
  );
  Object.assign(opened, { server, federation });
  return { federation, upstream, called };
}
