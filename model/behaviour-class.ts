import * as z from 'zod';
import type { OperationKind } from './operation.ts';

export const MixName = z.enum(['enterprise', 'federation', 'multi-tenant', 'cache-stress', 'write-heavy']);
export type MixName = z.infer<typeof MixName>;

/** The classes of users that there are (R3.1). */
export const BehaviourName = z.enum([
  'enterprise-user',
  'power-user',
  'cache-stress',
  'federation-user',
  'tenant-user',
  'writer',
]);
export type BehaviourName = z.infer<typeof BehaviourName>;

/** Shares of the virtual users by class; a class without a weight has no users. */
export const BehaviourWeights = z
  .partialRecord(BehaviourName, z.number().min(0).max(1_000_000))
  .refine(
    (weights) => Object.values(weights).some((weight) => weight > 0),
    'at least one class needs a weight above 0',
  );
export type BehaviourWeights = z.infer<typeof BehaviourWeights>;

/** What of a load plan says who its users are. */
export interface Mixed {
  /** `custom`: the classes and shares are those of `weights`. */
  readonly mix: MixName | 'custom';
  readonly weights?: BehaviourWeights | undefined;
}

/** Which classes a mix is made of, and their weights (R3.1). */
const weightsOfMixes: Readonly<Record<MixName, BehaviourWeights>> = {
  enterprise: { 'enterprise-user': 40, 'power-user': 10, 'cache-stress': 5 },
  federation: { 'federation-user': 1 },
  'multi-tenant': { 'tenant-user': 1 },
  'cache-stress': { 'cache-stress': 1 },
  'write-heavy': { writer: 1 },
};

export interface WeightedClass {
  readonly name: BehaviourName;
  /** Above 0. */
  readonly weight: number;
}

/** The classes of a plan's users in the order of `BehaviourName`, the weights of the input before those of the mix. */
export function classesOf({ mix, weights }: Mixed): WeightedClass[] {
  const chosen = weights ?? (mix === 'custom' ? {} : weightsOfMixes[mix]);
  return BehaviourName.options.flatMap((name) => {
    const weight = chosen[name] ?? 0;
    return weight > 0 ? [{ name, weight }] : [];
  });
}

const ownTools: readonly OperationKind[] = ['create-tool', 'update-tool', 'delete-tool'];

/** Every kind of operation that a class sends from its first minute on; the many delete too, once they own as much as they may (R1.7). */
const operationsOfClasses: Readonly<Record<BehaviourName, readonly OperationKind[]>> = {
  'enterprise-user': [
    ...(['list-team-tools', 'search-tools', 'federated-tools'] as const),
    ...(['create-tool', 'share-tool', 'export-tools'] as const),
  ],
  'power-user': ['federation-aggregate', 'team-members', 'team-tools', 'team-usage'],
  'cache-stress': ownTools,
  'federation-user': ['federated-tools', 'federation-aggregate', 'list-team-tools'],
  'tenant-user': ['list-team-tools', 'search-tools', 'read-tool'],
  writer: [...ownTools, 'share-tool', 'read-tool'],
};

/** Every kind of operation that a plan's users send, each of which the run promises to have asked and checked (design §4). */
export const operationsOf = (load: Mixed): OperationKind[] => [
  ...new Set(classesOf(load).flatMap(({ name }) => operationsOfClasses[name])),
];

const readers: readonly BehaviourName[] = ['federation-user', 'tenant-user'];

export const writesNothing = (load: Mixed): boolean => classesOf(load).every(({ name }) => readers.includes(name));

/**
 * Share of a class's iterations that its rarest operation gets (R3.1); where few tasks make every operation common, a
 * tenth. A storm lasts as long as several iterations and asks each of its operations 25 times or more.
 */
const rarestShares: Readonly<Record<BehaviourName, number>> = {
  'enterprise-user': 2 / 65,
  'power-user': 8 / 33,
  'cache-stress': 0.5,
  'federation-user': 0.1,
  'tenant-user': 0.1,
  writer: 0.1,
};

/** Share of all iterations that the rarest operation gets, when each class is counted by itself. */
export function rarestShareOf(load: Mixed): number {
  const classes = classesOf(load);
  const sum = classes.reduce((total, { weight }) => total + weight, 0);
  return Math.min(...classes.map(({ name, weight }) => (weight / sum) * rarestShares[name]));
}
