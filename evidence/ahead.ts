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
