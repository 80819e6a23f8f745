import type { LoadPlan, MixName } from '#model/load-plan.ts';
import type { OperationKind } from '#model/operation.ts';

const federation: readonly OperationKind[] = ['federated-tools', 'federation-aggregate', 'list-team-tools'];
const ownTools: readonly OperationKind[] = ['create-tool', 'update-tool', 'delete-tool'];

/**
 * Every kind of operation that a mix sends, each of which a run promises to have asked and checked (design §4).
 * @internal
 */
export const operationsOfMix: Readonly<Record<MixName, readonly OperationKind[]>> = {
  enterprise: [
    ...federation,
    ...ownTools,
    'search-tools',
    'share-tool',
    'export-tools',
    'team-members',
    'team-tools',
    'team-usage',
  ],
  federation,
  'multi-tenant': ['list-team-tools', 'search-tools', 'read-tool'],
  'cache-stress': ownTools,
  'write-heavy': [...ownTools, 'share-tool', 'read-tool'],
};

/** Those of a whole load: of its mix, or those that somebody's own scenario names. */
export const operationsOfLoad = ({ mix, driver }: Pick<LoadPlan, 'mix' | 'driver'>): readonly string[] =>
  driver === undefined ? operationsOfMix[mix] : (driver.scenario?.operations ?? []);
