import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below every system's ephemeral range, above what this product's own systems listen on by default. */
const lowest = 20_000;
const highest = 32_767;
const attemptsMax = 200;

let next = lowest + ((process.pid * 61) % (highest - lowest));

/**
 * A port of the loopback that nobody listens on. Not one that the kernel hands out to connections: between this
 * answer and a server's start any client on the machine could be given that one. Never the same twice in a process.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = next;
    next = next === highest ? lowest : next + 1;
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error(`no free port in ${attemptsMax} tries`);
}
