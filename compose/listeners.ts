import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

export interface Listener {
  readonly port: number;
  /** Absent when the process is another user's, or gone. */
  readonly pid?: number;
  readonly command?: string;
}

/** Everything that listens on the given TCP ports of this machine, with the process where /proc tells it. */
export function findListeners(ports: ReadonlySet<number>): Listener[] {
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => parseListeningSockets(readOr(path, '')));
  const wanted = sockets.filter(({ port }) => ports.has(port));
  if (wanted.length === 0) return [];
  const pids = pidsOfSockets(new Set(wanted.map(({ inode }) => inode)));
  return wanted.map(({ port, inode }) => {
    const pid = pids.get(inode);
    return pid === undefined ? { port } : { port, pid, command: commandOf(pid) };
  });
}

/**
 * Parses /proc/net/tcp: the local port and socket number of each row that listens.
 * @internal
 */
export function parseListeningSockets(text: string): { port: number; inode: string }[] {
  const listening = '0A';
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const port = fields[1]?.split(':')[1];
      const inode = fields[9];
      if (port === undefined || inode === undefined || fields[3] !== listening) return [];
      return [{ port: parseInt(port, 16), inode }];
    });
}

function pidsOfSockets(inodes: ReadonlySet<string>): Map<string, number> {
  const pids = new Map<string, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    for (const inode of socketsOf(Number(name))) {
      // Forked servers share a socket; the lowest pid is most likely to be their master.
      if (inodes.has(inode) && !pids.has(inode)) pids.set(inode, Number(name));
    }
  }
  return pids;
}

function socketsOf(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((file) => {
      const socket = /^socket:\[(\d+)\]$/.exec(readLinkOr(`${folder}/${file}`, ''))?.[1];
      return socket === undefined ? [] : [socket];
    });
  } catch {
    // Gone, or another user's.
    return [];
  }
}

const commandOf = (pid: number): string =>
  readOr(`/proc/${pid}/cmdline`, '').replaceAll('\0', ' ').trim().slice(0, 120) || 'unknown command';

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

function readLinkOr(path: string, otherwise: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return otherwise;
  }
}
