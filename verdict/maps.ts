/** What a map has under a key, made where it is not there. */
export function inMap<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

export const newMap = <Key, Value>(): Map<Key, Value> => new Map<Key, Value>();
