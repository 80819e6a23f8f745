import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Population } from '#model/population.ts';
import { createStandIn } from './stand-in.ts';

const tokensMax = 20_000;

/** Serves the stand-in on the loopback until the process ends. */
export async function serveStandIn(population: Population, port: number): Promise<Server> {
  const answer = createStandIn(population);
  const userOf = createUserReader();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { method = '', url: path = '' } = request;
      const [status, text] = answer({ method, path, userId: userOf(request), body });
      const length = Buffer.byteLength(text);
      response.writeHead(
        status,
        status === 204 ? {} : { 'content-type': 'application/json', 'content-length': length },
      );
      response.end(text);
    });
  });
  server.keepAliveTimeout = 3_600_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', 4_096, resolve);
  });
  return server;
}

function createUserReader(): (request: IncomingMessage) => number {
  const known = new Map<string, number>();
  return ({ headers: { authorization = '' } }) => {
    const user = known.get(authorization) ?? subjectOf(authorization);
    if (known.size < tokensMax) known.set(authorization, user);
    return user;
  };
}

function subjectOf(authorization: string): number {
  try {
    const claims = JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString()) as {
      sub?: string;
    };
    return Number((claims.sub ?? '').slice('user-'.length));
  } catch {
    return 0;
  }
}
