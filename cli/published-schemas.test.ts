import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { RunResult } from '#model/progress.ts';
import { EvidenceReport } from './evidence-report.ts';
import { Judged } from './judged-run.ts';
import { StatusReport } from './service.ts';

/** What scripts may rely on: keys may be added and are never renamed, so a schema forbids no key that it does not know. */
const published: Readonly<Record<string, { title: string; schema: z.ZodType }>> = {
  evidence: { title: 'Output of soak evidence --json', schema: EvidenceReport },
  judge: { title: 'Output of soak judge --json', schema: Judged },
  run: { title: 'Last line of stdout of soak run --json', schema: RunResult },
  status: { title: 'Output of soak status --json', schema: StatusReport },
};

describe('published schemas', () => {
  it.each(Object.entries(published))(
    'docs/schema/%s.schema.json is what the code says (vitest -u writes it)',
    async (name, { title, schema }) => {
      const open = z.toJSONSchema(schema, {
        override: ({ jsonSchema }) => {
          delete jsonSchema.additionalProperties;
        },
      });
      const text = await format(JSON.stringify({ title, ...open }, undefined, 2), { parser: 'json', printWidth: 120 });
      await expect(text).toMatchFileSnapshot(`../docs/schema/${name}.schema.json`);
    },
  );
});
