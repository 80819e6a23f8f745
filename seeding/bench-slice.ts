import { countRows } from '#model/needs.ts';
import { entities, type Entity, type PopulationPlan } from '#model/population-plan.ts';
import type { SeedShard } from './shards.ts';
import { strataOf } from './shards.ts';

/** Strata of an entity that a bench takes for the whole. */
export type BenchSlice = Pick<SeedShard, 'entity' | 'first' | 'count'>;

/** The bars are about entities of so many rows (R2.4). */
const rowsMin = 1_000_000;

/** Of each entity of at least a million rows, about `rows` from its middle. */
export function planSlices(plan: PopulationPlan, rows: number): BenchSlice[] {
  const total = countRows(plan).rows;
  return entities
    .filter((entity) => total[entity] >= rowsMin)
    .map((entity) => sliceOf(plan, entity, Math.min(1, rows / total[entity])));
}

function sliceOf(plan: PopulationPlan, entity: Entity, share: number): BenchSlice {
  const strata = strataOf(plan, entity);
  const count = Math.max(1, Math.round(strata * share));
  return { entity, first: Math.floor((strata - count) / 2), count };
}

/** A slice in equal parts, one a worker. */
export function splitSlice({ entity, first, count }: BenchSlice, workers: number): BenchSlice[] {
  const edge = (worker: number): number => first + Math.floor((count * worker) / workers);
  return Array.from({ length: workers }, (_, worker) => ({
    entity,
    first: edge(worker),
    count: edge(worker + 1) - edge(worker),
  }));
}
