import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hash32, integerBelow } from '#model/random.ts';
import type { MockGatewayOptions } from './options.ts';

const pageSize = 100;
const verbs = ['weather', 'translate', 'calculate', 'format', 'analyze', 'summarise', 'convert', 'validate'] as const;

/** The tools that a mocked gateway offers; the same for the same seed. */
export function planTools(seed: number, gatewayId: number, count: number): Tool[] {
  return Array.from({ length: count }, (_, index) => {
    const verb = verbs[integerBelow(hash32(seed, gatewayId, index), verbs.length)] ?? verbs[0];
    return {
      name: `${verb}-${gatewayId}-${index + 1}`,
      description: `Tool ${index + 1} of mocked gateway ${gatewayId}: ${verb} a text`,
      inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    };
  });
}

/** Answers one HTTP request as MCP. Stateless: a session would tie the gateways under test to one process, and none is needed to list tools. */
export async function answerMcp(
  gateway: { options: MockGatewayOptions; tools: readonly Tool[] },
  http: { request: IncomingMessage; response: ServerResponse; body: unknown },
): Promise<void> {
  const server = createServer(gateway);
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  http.response.on('close', () => void server.close());
  await server.connect(transport);
  await transport.handleRequest(http.request, http.response, http.body);
}

function createServer({ options, tools }: { options: MockGatewayOptions; tools: readonly Tool[] }): McpServer {
  const mcp = new McpServer(
    { name: `gateway-${options.gatewayId}`, version: '1.0.0' },
    { capabilities: { tools: {} } },
  );
  // Below the SDK's registry of tools, which does not page.
  const { server } = mcp;
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
    const from = params?.cursor === undefined ? 0 : Number(params.cursor);
    if (!Number.isSafeInteger(from) || from < 0) throw new McpError(ErrorCode.InvalidParams, 'the cursor is not valid');
    const next = from + pageSize;
    const page = { tools: tools.slice(from, next) };
    return next < tools.length ? { ...page, nextCursor: String(next) } : page;
  });
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    if (!tools.some(({ name }) => name === params.name)) {
      throw new McpError(ErrorCode.InvalidParams, `there is no tool ${params.name}`);
    }
    const text = typeof params.arguments?.['text'] === 'string' ? params.arguments['text'] : '';
    return { content: [{ type: 'text', text: `${params.name}: ${text.slice(0, 1_000)}` }] };
  });
  return mcp;
}
