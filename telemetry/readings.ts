import { reasonOf, type Source, type Values } from './source.ts';

export interface Readings {
  /** Never rejects. */
  read(source: Pick<Source, 'name' | 'read'>, limitMs: number): Promise<Answer>;
}

type Answer = { readonly values: Values } | { readonly reason: string };

/** Asks with a limit. A source that has not answered its last question is not asked another one. */
export function createReadings(): Readings {
  const busy = new Set<string>();

  async function read(source: Pick<Source, 'name' | 'read'>, limitMs: number): Promise<Answer> {
    if (busy.has(source.name)) return { reason: 'the reading before is still under way' };
    busy.add(source.name);
    const answer = source
      .read()
      .then((values): Answer => ({ values }))
      .catch((error: unknown): Answer => ({ reason: reasonOf(error) }))
      .finally(() => busy.delete(source.name));
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<Answer>((resolve) => {
      timer = setTimeout(resolve, limitMs, { reason: `no answer within ${limitMs} ms` });
    });
    return Promise.race([answer, limit]).finally(() => {
      clearTimeout(timer);
    });
  }
  return { read };
}
