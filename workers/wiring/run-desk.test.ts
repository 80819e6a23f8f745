import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { renderRuns } from '#cli/state-text.ts';
import { type Context, createContext } from './context.ts';
import { readEnvironment } from './environment.ts';
import { createRunDesk } from './run-desk.ts';
import type { Connect } from './run-listing.ts';

const imported = {
  ...{ runKey: 'key-of-elsewhere', workflowId: 'soak/night', workflow: 'StabilityRun', wave: 'small' },
  ...{ startedAt: Date.parse('2026-11-20T20:00:00Z'), endedAt: Date.parse('2026-11-22T20:00:00Z') },
  ...{ outcome: 'fail' as const, importedAt: Date.parse('2026-11-23T08:00:00Z') },
};

/** A Temporal that has no runs, and a store that has one of another machine. */
function deskWith(store: Partial<Context['store']>) {
  const workflow = { list: () => [] };
  const connect = (() => Promise.resolve({ client: { workflow } })) as unknown as Connect;
  const context = createContext(readEnvironment({}), pino({ level: 'silent' }));
  return createRunDesk({ ...context, store: store as Context['store'] }, connect);
}

describe('runs of other machines', () => {
  it('are listed beside those that Temporal knows, and marked', async () => {
    const listed = await deskWith({ listImported: () => Promise.resolve([imported]) }).list(10);
    expect(listed).toMatchObject([
      { runId: 'key-of-elsewhere', state: 'completed', outcome: 'fail', importedAt: '2026-11-23T08:00:00.000Z' },
    ]);
    expect(renderRuns(listed)).toMatch(
      /soak\/night +StabilityRun +imported +fail +2026-11-20 20:00:00 +key-of-elsewhere/,
    );
  });

  it('are hidden by a store that is away, which hides nothing else', async () => {
    const away = deskWith({ listImported: () => Promise.reject(new Error('away')) });
    expect(await away.list(10)).toEqual([]);
  });
});
