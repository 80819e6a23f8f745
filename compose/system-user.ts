import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export const isRoot = (): boolean => process.getuid?.() === 0;

/** A user of /etc/passwd. Throws when there is none of that name. */
export function findUser(name: string): SystemUser {
  const user = parsePasswd(readFileSync('/etc/passwd', 'utf8')).find((each) => each.name === name);
  if (user === undefined) throw new Error(`there is no user ${name} in /etc/passwd`);
  return user;
}

/** Whom servers that refuse to run as root become; undefined when we are not root, and they run as we do. */
export function serverUser(): string | undefined {
  if (!isRoot()) return undefined;
  const names = parsePasswd(readFileSync('/etc/passwd', 'utf8')).map((user) => user.name);
  return names.includes('postgres') ? 'postgres' : 'nobody';
}

/** True when a user may pass through every folder above a path; root's home, for one, is closed to others. */
export function canReach(path: string, user: SystemUser): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** @internal */
export function parsePasswd(text: string): SystemUser[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || name === '' || uid === undefined || gid === undefined) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}
