import type { TargetSpeech } from './operation.ts';
import type { Entity, PopulationPlan } from './population-plan.ts';
import type { ProcessSpec, StackAddress, StackPlan, StackPorts } from './stack.ts';

export type ColumnType = 'int2' | 'int4' | 'int8' | 'float4' | 'bool' | 'text' | 'timestamptz' | 'text[]';

/** One column of one table: which field of the entity's row goes into it. Compiled once into an encoder. */
export interface ColumnMapping {
  readonly column: string;
  readonly type: ColumnType;
  /** A field of the entity's row in `seeding/rows.ts`, or how to derive the column from the row. */
  readonly field: string | ((row: Readonly<Record<string, unknown>>) => unknown);
}

export interface TableMapping {
  readonly entity: Entity;
  /** Schema-qualified. */
  readonly table: string;
  readonly columns: readonly ColumnMapping[];
  /** The table is partitioned by ranges of the column of its strata: each shard is a partition (owned schemas). */
  readonly partition?: {
    /** Indexes that a partition gets right after its rows, as statements; the same that `finish` makes on the whole table. */
    indexes(partition: string): readonly string[];
  };
}

/** A statement, or one for each partition of a table. */
export type FinishStatement = string | { readonly eachPartitionOf: string; statement(partition: string): string };

/** SQL that makes and finishes the target's schema; every statement is safe to run twice. */
export interface TargetSchema {
  /** Tables without indexes or constraints. */
  readonly prepare: readonly string[];
  readonly tables: readonly TableMapping[];
  /** Stages of primary keys, foreign keys and indexes, after the rows; each statement of a stage is run on a connection of its own, in parallel. */
  readonly finish: readonly (readonly FinishStatement[])[];
}

/** Where a target's own metrics are read, and what they are called there. */
export interface ProbeSpec {
  readonly role: string;
  readonly url: string;
  /** Prometheus name, with labels to match, → canonical name (`model/metrics.ts`). Several lines that match are summed. */
  readonly series: readonly {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly metric: string;
    /** Why it may be missing for a while; without a reason, a run does not begin before it was read. */
    readonly optional?: string;
  }[];
}

/** What is under test: how to start it, fill it, speak to it and watch it. */
export interface Target {
  readonly name: string;
  /** So long an answer may be behind an acknowledged write at most: the cache bound of R7.4. */
  readonly cacheBoundMs: number;
  processes(plan: StackPlan, place: TargetPlace): ProcessSpec[];
  readonly schema: TargetSchema;
  /** `secret` signs tokens; made per stack, kept in a file of mode 0600. */
  speech(population: PopulationPlan, secret: string): TargetSpeech;
  probes(address: StackAddress): ProbeSpec[];
  /** Makes running instances drop what they cached of an earlier data set; called after rows were seeded. */
  forget(address: StackAddress, secret: string): Promise<void>;
}

export interface TargetPlace {
  readonly ports: StackPorts;
  readonly secretFile: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly mockUrls: readonly string[];
  /** The repository's folder, working directory of every process. */
  readonly home: string;
  readonly node: string;
}
