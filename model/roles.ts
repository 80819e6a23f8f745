export type RoleKind = 'gateway' | 'stack' | 'engine' | 'harness' | 'machine';

/** The role that samples of the machine itself have; no process plays it. */
export const machineRole = 'machine';

/** First words of the roles of the harness that run our code, and of the servers that it stands on. */
const ownWords: ReadonlySet<string> = new Set([
  ...['orchestrator', 'host', 'seed', 'load', 'sampler', 'watchdog', 'supervisor'],
]);
const serverWords: ReadonlySet<string> = new Set(['temporal', 'evidence']);

/** Asked of each sample several times, so without regular expressions. */
function firstWord(role: string): string {
  const end = role.indexOf('-');
  return end === -1 ? role : role.slice(0, end);
}

/** Runs our code: the harness without the servers that it stands on. */
export const isOwnProcess = (role: string): boolean => roleKind(role) === 'engine' || ownWords.has(firstWord(role));

/**
 * What a process of the process table is part of. Deaths of the target (`gateway`, `stack`) are judged (R7.1);
 * those of the harness (`engine`, `harness`) are outages of its own, within a budget. What is said of the `machine` is said of
 * no process.
 */
export function roleKind(role: string): RoleKind {
  const word = firstWord(role);
  switch (word) {
    case 'gateway':
      return /^gateway-\d+$/.test(role) ? 'gateway' : 'stack';
    case 'engine':
      return 'engine';
    default:
      if (role === machineRole) return 'machine';
      return ownWords.has(word) || serverWords.has(word) ? 'harness' : 'stack';
  }
}
