import type { Operation } from '#model/operation.ts';

/** The requests of R3.1 with its figures; behaviours and the cache warm-up say the same ones. */
export const searchTerms = ['weather', 'translate', 'calculate', 'format', 'analyze'] as const;

export const listTeamTools = (teamId: number): Operation => ({ kind: 'list-team-tools', teamId, limit: 50 });

export const searchTools = (query: string): Operation => ({ kind: 'search-tools', query, limit: 100 });

export const federatedTools: Operation = { kind: 'federated-tools', regions: ['us-east', 'eu-central'], limit: 50 };

export const federationAggregate: Operation = { kind: 'federation-aggregate', timeframeDays: 30 };

export const teamMembers = (teamId: number): Operation => ({ kind: 'team-members', teamId, limit: 1_000 });

export const teamTools = (teamId: number): Operation => ({ kind: 'team-tools', teamId, limit: 500 });

export const teamUsage: Operation = { kind: 'team-usage', timeframeDays: 90, limit: 10_000 };
