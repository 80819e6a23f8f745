/** What is read ahead of who takes it: one item, so that the next one is made ready meanwhile. */
export async function* readAhead<Item, Made>(
  items: AsyncIterable<Item>,
  make: (item: Item) => Promise<Made>,
): AsyncGenerator<Made> {
  let next: Promise<Made> | undefined;
  try {
    for await (const item of items) {
      const ready = next;
      next = make(item);
      // Awaited when it is its turn; that it failed before is no news to the process.
      next.catch(() => undefined);
      if (ready !== undefined) yield await ready;
    }
    if (next !== undefined) yield await next;
  } finally {
    await next?.catch(() => undefined);
  }
}

/** The items of lists, one by one. A generator would be three turns of the queue for each of millions; this is one. */
export function oneByOne<Item>(lists: AsyncIterable<readonly Item[]>): AsyncIterable<Item> {
  return {
    [Symbol.asyncIterator]() {
      const source = lists[Symbol.asyncIterator]();
      let items: Iterator<Item, undefined> = [][Symbol.iterator]();
      async function more(): Promise<IteratorResult<Item, undefined>> {
        for (;;) {
          const list = await source.next();
          if (list.done === true) return { done: true, value: undefined };
          items = list.value[Symbol.iterator]();
          const first = items.next();
          if (first.done !== true) return first;
        }
      }
      return {
        next() {
          const item = items.next();
          return item.done === true ? more() : Promise.resolve(item);
        },
        async return() {
          await source.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
