import { Agent, request } from 'undici';
import * as z from 'zod';

const pagesMax = 100;
const toolsMax = 100_000;
const protocolVersion = '2025-06-18';

const McpTool = z.object({ name: z.string(), description: z.string().optional() });
type McpTool = z.infer<typeof McpTool>;
const Page = z.object({ result: z.object({ tools: z.array(McpTool), nextCursor: z.string().optional() }) });

/** Speaks MCP's streamable HTTP to stateless servers: one JSON-RPC request a POST, no session, so no `initialize`. */
export interface McpClient {
  /** Every tool, page by page. Throws when the server refuses, answers something else, or has not finished in time. */
  listTools(url: string): Promise<McpTool[]>;
  close(): Promise<void>;
}

export function createMcpClient(timeoutMs: number): McpClient {
  const dispatcher = new Agent({ connections: 20, pipelining: 1, connect: { timeout: timeoutMs } });
  let asked = 0;

  const page = async (url: string, cursor: string | undefined, signal: AbortSignal): Promise<z.infer<typeof Page>> => {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      dispatcher,
      signal,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': protocolVersion,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: (asked += 1),
        method: 'tools/list',
        params: cursor === undefined ? {} : { cursor },
      }),
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`${url} answered ${statusCode}`);
    }
    return Page.parse(await body.json());
  };

  return {
    async listTools(url) {
      const signal = AbortSignal.timeout(timeoutMs);
      const tools: McpTool[] = [];
      let cursor: string | undefined;
      for (let pages = 0; pages < pagesMax && tools.length < toolsMax; pages += 1) {
        const { result } = await page(url, cursor, signal);
        tools.push(...result.tools);
        cursor = result.nextCursor;
        if (cursor === undefined) return tools;
      }
      throw new Error(`${url} lists more than ${pagesMax} pages of tools`);
    },
    close: () => dispatcher.destroy(),
  };
}
