import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestIds } from '#model/digest.ts';
import type { Operation, TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';

/** What the target does to one request instead of answering it: keep silent, cut the connection, or answer a status. */
type Mischief = 'silence' | 'cut' | number | undefined;

export interface LoopbackTool {
  ownerId: number;
  name: string;
  description: string;
  teamId: number | null;
}

export interface LoopbackTarget {
  readonly baseUrl: string;
  /** What load made and what is there now, by id. */
  readonly tools: Map<number, LoopbackTool>;
  readonly asked: Map<string, number>;
  /** Connections that were ever opened. */
  connections(): number;
  mischief: (operation: Operation) => Mischief;
  readonly speech: TargetSpeech;
  close(): Promise<void>;
}

/** Tools 1…n that everybody sees. */
export const seededTools = 30;

/** The smallest target that load can be driven against: one path, operations as JSON, tools in memory. */
export async function startLoopbackTarget(): Promise<LoopbackTarget> {
  const tools: LoopbackTarget['tools'] = new Map();
  const carryOut = createStore(tools);
  const asked = new Map<string, number>();
  let connections = 0;

  function receive({ operation, userId }: Asked, response: ServerResponse): void {
    asked.set(operation.kind, (asked.get(operation.kind) ?? 0) + 1);
    const mischief = target.mischief(operation);
    if (mischief === 'silence') return;
    if (mischief === 'cut') {
      response.destroy();
      return;
    }
    const [status, body] = mischief === undefined ? carryOut(operation, userId) : [mischief, {}];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      receive(JSON.parse(Buffer.concat(chunks).toString()) as Asked, response);
    });
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const target: LoopbackTarget = {
    ...{ baseUrl: `http://127.0.0.1:${port}`, tools, asked, speech: loopbackSpeech },
    connections: () => connections,
    mischief: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return target;
}

type StoreAnswer = readonly [number, object];

function createStore(tools: LoopbackTarget['tools']): (operation: Operation, userId: number) => StoreAnswer {
  let lastId = seededTools;

  function onOne(operation: Operation & { toolId: number }): StoreAnswer {
    const { toolId, kind } = operation;
    if (toolId <= seededTools) return [200, { ids: [toolId] }];
    const tool = tools.get(toolId);
    if (tool === undefined) return [404, {}];
    if (kind === 'update-tool') tool.description = operation.description;
    if (kind === 'share-tool') tool.teamId = operation.teamId;
    if (kind === 'delete-tool') tools.delete(toolId);
    return [200, { ids: [toolId], description: tool.description, teamId: tool.teamId }];
  }

  return (operation, ownerId) => {
    if ('toolId' in operation) return onOne(operation);
    if (operation.kind === 'create-tool') {
      lastId += 1;
      tools.set(lastId, { ownerId, name: operation.name, description: operation.description, teamId: null });
      return [201, { ids: [lastId] }];
    }
    if (operation.kind === 'list-visible-tools') {
      const ids = Array.from({ length: seededTools }, (_, index) => index + 1).filter((id) => id > operation.afterId);
      return [200, { ids: ids.slice(0, operation.limit) }];
    }
    return [200, { ids: [1, 2, 3, ...tools.keys()].slice(0, 50) }];
  };
}

interface Asked {
  readonly operation: Operation;
  readonly userId: number;
}

const loopbackSpeech: TargetSpeech = {
  headers: ({ userId }) => ({ 'x-user': `${userId}` }),
  request: (operation, { userId }) => ({
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ operation, userId }),
  }),
  check: (operation, _user, { status, body }) => {
    if (status >= 300) return { failures: [{ kind: 'status', detail: `${status}` }], toolIds: [], partial: false };
    const { ids, leak } = JSON.parse(body) as { ids: number[]; leak?: boolean };
    const failures = leak === true ? [{ kind: 'scope', detail: 'tool 9 is private' } as const] : [];
    return { failures, toolIds: ids, partial: operation.kind === 'federation-aggregate' };
  },
};

export const loopbackIdentities = (count: number): Identity[] =>
  Array.from({ length: count }, (_, index) => ({
    userId: index + 1,
    privateTeamId: index + 1,
    teamIds: [1_000, 1_001],
    tokenSubject: `user-${index + 1}`,
    visibleTools: seededTools,
    visibleDigest: digestIds(Array.from({ length: seededTools }, (_, id) => id + 1)),
  }));
