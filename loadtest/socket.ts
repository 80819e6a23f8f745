import { connect as connectPlain, isIP, type NetConnectOpts, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';

/** What becomes of a socket, in this order; nothing after `onClosed`, which comes once. */
export interface SocketEvents {
  onConnected(): void;
  /** The first `length` of `bytes`, which are written over by what comes next, on whichever socket. */
  onBytes(bytes: Buffer, length: number): void;
  /** With the code of what went wrong; without one, the peer has closed in order. */
  onClosed(code: string | undefined): void;
}

/**
 * Bytes are read into one buffer that all sockets share: the kernel fills it and the listener empties it in the same turn, so
 * that no read allocates and two thousand idle connections hold no buffers.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** `origin` is that of an http or https URL. A certificate must be one that Node trusts. */
export function openSocket(origin: string, events: SocketEvents): Socket {
  const { protocol, hostname, port } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isSecure = protocol === 'https:';
  let isOver = false;
  const end = (code: string | undefined): void => {
    if (isOver) return;
    isOver = true;
    events.onClosed(code);
  };
  const onread: OnReadOpts = {
    buffer: shared,
    callback(length) {
      if (!isOver) events.onBytes(shared, length);
      return true;
    },
  };
  const place = { host, port: Number(port) || (isSecure ? 443 : 80), noDelay: true, onread } satisfies NetConnectOpts;
  const socket = isSecure
    ? connectSecure({ ...place, ...(isIP(host) === 0 ? { servername: host } : {}) })
    : connectPlain(place);
  socket.once(isSecure ? 'secureConnect' : 'connect', () => {
    events.onConnected();
  });
  socket.once('end', () => {
    end(undefined);
  });
  socket.on('error', (error: Error) => {
    end(codeOf(error));
  });
  socket.once('close', () => {
    end(undefined);
  });
  return socket;
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name);
