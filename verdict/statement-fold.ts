import type { StatementRecord } from '#model/evidence.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';

/** Samplers that succeed each other each tell of a few. */
const statementsMax = 200;

/** What the statements of the target's database say whose times are among the series. */
export interface StatementFold {
  add(record: StatementRecord): void;
  summary(): Pick<EvidenceSummary, 'statements'>;
}

export function createStatementFold(): StatementFold {
  const texts = new Map<string, string>();
  return {
    add({ statement, text }) {
      const known = texts.get(statement);
      // One id has one text but for blanks; of two the lesser, so that the order of records does not matter.
      if (known === undefined ? texts.size < statementsMax : text < known) texts.set(statement, text);
    },
    summary() {
      if (texts.size === 0) return {};
      const statements = [...texts].map(([statement, text]) => ({ statement, text }));
      return { statements: statements.sort((one, other) => (one.statement < other.statement ? -1 : 1)) };
    },
  };
}
