export type RoleKind = 'gateway' | 'stack' | 'engine' | 'harness' | 'machine';

/** The role that samples of the machine itself have; no process plays it. */
export const machineRole = 'machine';

const harnessRoles = /^(orchestrator|host|seed|load|sampler|watchdog|supervisor|temporal|evidence)(-|$)/;

const ownRoles = /^(orchestrator|host|seed|load|sampler|watchdog|supervisor)(-|$)/;

/** Runs our code: the harness without the servers that it stands on. */
export const isOwnProcess = (role: string): boolean => roleKind(role) === 'engine' || ownRoles.test(role);

/**
 * What a process of the process table is part of. Deaths of the target (`gateway`, `stack`) are judged (R7.1);
 * those of the harness (`engine`, `harness`) are outages of its own, within a budget. What is said of the `machine` is said of
 * no process.
 */
export function roleKind(role: string): RoleKind {
  if (/^gateway-\d+$/.test(role)) return 'gateway';
  if (role === machineRole) return 'machine';
  if (/^engine(-|$)/.test(role)) return 'engine';
  return harnessRoles.test(role) ? 'harness' : 'stack';
}
