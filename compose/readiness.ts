import { get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { type Readiness } from '#model/stack.ts';

const probeTimeoutMs = 2_000;
const pollMsFirst = 25;
const pollMsMax = 250;

/** Whether a readiness holds at this moment; `alive` always does here, because only the caller knows the process. */
export async function isReady(ready: Readiness): Promise<boolean> {
  switch (ready.kind) {
    case 'tcp':
      return canConnect(ready.port);
    case 'http':
      return (await httpStatus(ready.url)) === ready.status;
    case 'command': {
      const { exitCode } = await execa(ready.command, ready.args, {
        reject: false,
        stdio: 'ignore',
        timeout: probeTimeoutMs * 2,
      });
      return exitCode === 0;
    }
    case 'alive':
      return true;
  }
}

/** Polls until the readiness holds, the process is gone, or the time is over; says which. */
export async function awaitReadiness(
  ready: Readiness,
  withinMs: number,
  isAlive: () => boolean,
): Promise<'ready' | 'dead' | 'late'> {
  const deadline = Date.now() + withinMs;
  for (let pollMs = pollMsFirst; ; pollMs = Math.min(pollMs * 1.5, pollMsMax)) {
    if (!isAlive()) return 'dead';
    const holds = await isReady(ready);
    if (holds) return isAlive() ? 'ready' : 'dead';
    if (Date.now() >= deadline) return 'late';
    await sleep(pollMs);
  }
}

/** A readiness in words, for messages. */
export function describeReadiness(ready: Readiness): string {
  switch (ready.kind) {
    case 'tcp':
      return `a listener on 127.0.0.1:${ready.port}`;
    case 'http':
      return `status ${ready.status} from ${ready.url}`;
    case 'command':
      return `success of \`${[ready.command, ...ready.args].join(' ')}\``;
    case 'alive':
      return 'a living process';
  }
}

/**
 * Whether anything listens on a port of the loopback.
 * @internal
 */
export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: probeTimeoutMs });
    const end = (connected: boolean): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('timeout', () => {
      end(false);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}

function httpStatus(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: probeTimeoutMs }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => {
      resolve(undefined);
    });
  });
}
