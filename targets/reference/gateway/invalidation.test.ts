import type { Redis } from 'ioredis';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createInvalidationBus } from './invalidation.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('an invalidation', () => {
  it('is done when every instance has confirmed it, and not before', async () => {
    const { bus, sent, receive, heard } = createBus({ receivers: 3 });
    const settled = vi.fn();
    const done = bus.publish(['team:1']).then(settled);
    const { from, number } = JSON.parse(sent[0]?.text ?? '') as { from: string; number: number };
    expect(heard).toEqual([['team:1']]);
    receive('gateway:invalidate', sent[0]?.text ?? '');
    receive(`gateway:confirm:${from}`, String(number));
    await vi.advanceTimersByTimeAsync(10);
    expect(settled).not.toHaveBeenCalled();
    receive(`gateway:confirm:${from}`, String(number));
    await done;
    expect(heard).toEqual([['team:1']]);
  });

  it('counts confirmations that come before it is known how many there will be', async () => {
    const { bus, sent, receive } = createBus({ receivers: 1 });
    const done = bus.publish(['team:1']);
    receive('gateway:invalidate', sent[0]?.text ?? '');
    await done;
  });

  it('waits for an instance that is stuck no longer than half a second', async () => {
    const { bus } = createBus({ receivers: 2 });
    const settled = vi.fn();
    const done = bus.publish(['team:1']).then(settled);
    await vi.advanceTimersByTimeAsync(490);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20);
    await done;
  });

  it('of another instance is applied and confirmed', () => {
    const { sent, receive, heard } = createBus({ receivers: 1 });
    receive('gateway:invalidate', JSON.stringify({ from: 'other', number: 7, tags: ['tool:1'] }));
    expect(heard).toEqual([['tool:1']]);
    expect(sent).toEqual([{ channel: 'gateway:confirm:other', text: '7' }]);
  });
});

function createBus({ receivers }: { receivers: number }) {
  const sent: { channel: string; text: string }[] = [];
  const heard: (readonly string[])[] = [];
  const publish = (channel: string, text: string): Promise<number> => {
    sent.push({ channel, text });
    return Promise.resolve(receivers);
  };
  const subscriber = new EventEmitter();
  const bus = createInvalidationBus(
    { redis: { publish } as unknown as Redis, subscriber: subscriber as unknown as Redis },
    { onInvalidated: (tags) => heard.push(tags), onDeaf: () => undefined, onHearing: () => undefined },
  );
  const receive = (channel: string, text: string): void => {
    subscriber.emit('message', channel, text);
  };
  return { bus, sent, heard, receive };
}
