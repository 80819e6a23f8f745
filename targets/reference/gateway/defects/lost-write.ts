import { type Defect, type DefectOptions, everySoOften } from './defect.ts';

/** Acknowledges a creation now and then that is not there afterwards, as a commit that went wrong unnoticed does. */
export function lostWrite({ amount, seed }: DefectOptions): Defect {
  const isLost = everySoOften(amount, seed);
  return {
    writes: (writes, database) => ({
      ...writes,
      async create(principal, name, description) {
        const tool = await writes.create(principal, name, description);
        if (isLost()) await database.rows('lost-write', 'DELETE FROM gateway.tools WHERE id = $1', [tool.id]);
        return tool;
      },
    }),
  };
}
