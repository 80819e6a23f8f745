export type RoleKind = 'gateway' | 'stack' | 'engine' | 'harness';

const harnessRoles = /^(orchestrator|host|seed|load|sampler|watchdog|supervisor|temporal|evidence)(-|$)/;

/**
 * What a process of the process table is part of. Deaths of the target (`gateway`, `stack`) are judged (R7.1);
 * those of the harness (`engine`, `harness`) are outages of its own, within a budget.
 */
export function roleKind(role: string): RoleKind {
  if (/^gateway-\d+$/.test(role)) return 'gateway';
  if (/^engine(-|$)/.test(role)) return 'engine';
  return harnessRoles.test(role) ? 'harness' : 'stack';
}
