import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { drawFate } from './fate.ts';
import type { History } from './history.ts';
import { answerMcp } from './mcp-server.ts';
import type { MockGatewayOptions, MockScenario } from './options.ts';

const bodyBytesMax = 1_048_576;
const retryAfterSeconds = 1;

export interface GatewayParts {
  readonly options: MockGatewayOptions;
  readonly seed: number;
  readonly tools: readonly Tool[];
  readonly history: History;
  /** Read at every call: it may be replaced while running. */
  scenario(): MockScenario;
}

/** One mocked gateway, not yet listening: MCP at `/mcp`, each call with the latency and the fate that were drawn for it. */
export function createGateway(parts: GatewayParts): Server {
  let calls = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('x-gateway-region', parts.options.region);
    response.setHeader('x-test-scenario', parts.scenario().name);
    if (request.method === 'GET' && request.url === '/health') {
      refuse(response, 200, 'ok');
      return;
    }
    if (request.url !== '/mcp') {
      refuse(response, 404, 'MCP is at /mcp');
      return;
    }
    const body = request.method === 'POST' ? await readJson(request) : undefined;
    const { gatewayId, region } = parts.options;
    const { latencyMs, isFailed } = drawFate(parts.seed, { gatewayId, region, number: (calls += 1) }, parts.scenario());
    parts.history.record({ gatewayId, method: methodOf(body), isFailed, latencyMs, at: Date.now() });
    await sleep(latencyMs);
    if (isFailed) {
      response.setHeader('retry-after', retryAfterSeconds);
      refuse(response, 503, 'scripted failure');
      return;
    }
    await answerMcp(parts, { request, response, body });
  };
  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      refuse(response, 400, error instanceof Error ? error.message : 'bad request');
    });
  });
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ status, message }));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) throw new Error(`a body is at most ${bodyBytesMax} bytes long`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}

function methodOf(body: unknown): string {
  const isCall = typeof body === 'object' && body !== null && 'method' in body;
  return isCall && typeof body.method === 'string' ? body.method : 'other';
}
