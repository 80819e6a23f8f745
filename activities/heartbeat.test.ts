import { CancelledFailure } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEnvironment, inActivity } from '../test/activity-environment.ts';
import { type Beat, beating } from './heartbeat.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An environment, and every heartbeat that it was sent. */
function listening(): { environment: MockActivityEnvironment; heard: unknown[] } {
  const environment = createEnvironment();
  const heard: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => heard.push(details));
  return { environment, heard };
}

describe('beating', () => {
  it('beats at once and then every 1.5 s, also when the work says nothing', async () => {
    const { environment, heard } = listening();
    const advance = () => Promise.resolve(vi.advanceTimersByTime(4_500));
    await inActivity(() => beating(advance), environment);
    expect(heard).toHaveLength(4);
  });

  it('sends the newest progress with the next beat, not with each report', async () => {
    const { environment, heard } = listening();
    const work = (beat: Beat): Promise<void> => {
      beat.progress({ rows: 1 });
      beat.progress({ rows: 2 });
      vi.advanceTimersByTime(1_500);
      beat.progress({ rows: 3 });
      vi.advanceTimersByTime(3_000);
      return Promise.resolve();
    };
    await inActivity(() => beating(work), environment);
    expect(heard).toEqual([undefined, { rows: 2 }, { rows: 3 }, { rows: 3 }]);
  });

  it.each([
    ['has ended', () => Promise.resolve()],
    ['has failed', () => Promise.reject(new Error('why'))],
  ])('falls silent when the work %s', async (_, work) => {
    const { environment, heard } = listening();
    await inActivity(() => beating(work), environment).catch(() => undefined);
    vi.advanceTimersByTime(60_000);
    expect(heard).toHaveLength(1);
  });

  it('answers with what the work returns', async () => {
    expect(await inActivity(() => beating(() => Promise.resolve('done')))).toBe('done');
  });

  it('aborts the signal of the work when Temporal cancels the activity, and says that it did', async () => {
    const { environment } = listening();
    const untilAborted = ({ signal }: Beat): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    const running = inActivity(() => beating(untilAborted), environment);
    environment.cancel('CANCELLED');
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
  });
});

describe('a heartbeat that is confirmed', () => {
  /** What an activity is told that asks for one, when Temporal answers it so; and what was sent. */
  async function confirm(answer: () => Promise<void>): Promise<unknown[]> {
    const sent: unknown[] = [];
    const client = {
      withAbortSignal: (_signal: AbortSignal, work: () => unknown) => work(),
      connection: { withDeadline: (_until: number, ask: () => Promise<void>) => ask() },
      activity: {
        heartbeat(_token: Uint8Array, details: unknown) {
          sent.push(details);
          return answer();
        },
      },
    } as unknown as Client;
    const environment = new MockActivityEnvironment({}, { client });
    const work = (beat: Beat): Promise<void> => {
      beat.progress({ rows: 7 });
      return beat.confirm();
    };
    await inActivity(() => beating(work), environment);
    return sent;
  }

  const failing = (name: string) => () => {
    const error = new Error('what Temporal said');
    error.name = name;
    return Promise.reject(error);
  };

  it('carries the newest progress and waits for the answer', async () => {
    expect(await confirm(() => Promise.resolve())).toEqual([{ rows: 7 }]);
  });

  it('is confirmed too by an answer that asks the activity to end', async () => {
    expect(await confirm(failing('ActivityCancelledError'))).toHaveLength(1);
  });

  it('is refused by name when the attempt is over: another may have the task', async () => {
    await expect(confirm(failing('ActivityNotFoundError'))).rejects.toMatchObject({ name: 'AttemptOver' });
  });

  it('is not confirmed by an outage', async () => {
    await expect(confirm(failing('ServiceError'))).rejects.toMatchObject({ name: 'ServiceError' });
  });
});
