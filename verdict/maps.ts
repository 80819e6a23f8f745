/** What a map has under a key, made where it is not there. */
export function inMap<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

export const newMap = <Key, Value>(): Map<Key, Value> => new Map<Key, Value>();

/** One of each life of each role, in the order in which they were first asked for. */
export interface Lives<Value> {
  /** Made where it is not there; undefined past the bound. */
  of(role: string, incarnation: number, make: () => Value): Value | undefined;
  readonly all: readonly Value[];
}

export function createLives<Value>(max: number): Lives<Value> {
  const known = new Map<string, Map<number, Value>>();
  const all: Value[] = [];
  return {
    all,
    of(role, incarnation, make) {
      const lives = inMap(known, role, newMap<number, Value>);
      const there = lives.get(incarnation);
      if (there !== undefined || all.length >= max) return there;
      const made = make();
      lives.set(incarnation, made);
      all.push(made);
      return made;
    },
  };
}
