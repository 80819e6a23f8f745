import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseHost, planMoves, type ShardMove } from './shard-placement.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const hosts = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 5 });
const places = fc.array(fc.constantFrom('', 'gone', ...names), { minLength: 1, maxLength: 20 });

function after(shardHosts: readonly string[], moves: readonly ShardMove[]): string[] {
  const moved = new Map(moves.map(({ shard, to }) => [shard, to]));
  return shardHosts.map((host, shard) => moved.get(shard) ?? host);
}

const sizes = (on: readonly string[], shardHosts: readonly string[]): number[] =>
  on.map((host) => shardHosts.filter((each) => each === host).length);

/** The fewest moves by trying: every even way to share out, of which one keeps most shards where they are. */
function fewestMoves(on: readonly string[], shardHosts: readonly string[]): number {
  const each = Math.floor(shardHosts.length / on.length);
  let larger = shardHosts.length - each * on.length;
  let kept = 0;
  // A host keeps what it has up to the smaller size; a larger one is worth one more to whoever has more than that.
  for (const size of sizes(on, shardHosts)) {
    kept += Math.min(size, each);
    if (size > each && larger > 0) {
      kept += 1;
      larger -= 1;
    }
  }
  return shardHosts.length - kept;
}

describe('planMoves', () => {
  it.each([
    ['nothing moves on one host', ['a'], ['a', 'a'], []],
    ['one that joins takes its half', ['a', 'b'], ['a', 'a'], [{ shard: 1, to: 'b' }]],
    ['a single shard stays where it is', ['a', 'b'], ['b'], []],
    ['one that is gone leaves its shard to the other', ['a'], ['a', 'b'], [{ shard: 1, to: 'a' }]],
    ['shards that are nowhere are dealt', ['a', 'b'], ['', ''], [{ shard: 0, to: 'a' }, { shard: 1, to: 'b' }]], // prettier-ignore
    ['there is nowhere to go', [], ['a'], []],
  ] as const)('%s', (...[, on, shardHosts, moves]) => {
    expect(planMoves([...on], [...shardHosts])).toEqual(moves);
  });

  it('puts every shard on a host that is there, evenly', () => {
    fc.assert(
      fc.property(hosts, places, (on, shardHosts) => {
        const then = after(shardHosts, planMoves(on, shardHosts));
        expect(then.every((host) => on.includes(host))).toBe(true);
        const counts = sizes(on, then);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves as few as can be, and none to where it is', () => {
    fc.assert(
      fc.property(hosts, places, (on, shardHosts) => {
        const moves = planMoves(on, shardHosts);
        expect(moves).toHaveLength(fewestMoves(on, shardHosts));
        expect(moves.filter(({ shard, to }) => shardHosts[shard] === to)).toEqual([]);
      }),
    );
  });

  it('has nothing to do when it was done, in whatever order hosts are told', () => {
    fc.assert(
      fc.property(hosts, places, (on, shardHosts) => {
        const moves = planMoves(on, shardHosts);
        expect(planMoves([...on].reverse(), shardHosts)).toEqual(moves);
        expect(planMoves(on, after(shardHosts, moves))).toEqual([]);
      }),
    );
  });
});

describe('chooseHost', () => {
  it('is the one with fewest shards that was not tried', () => {
    expect(chooseHost(['a', 'b', 'c'], ['a', 'a', 'b', 'c', 'c'], ['b'])).toBe('a');
    expect(chooseHost(['a', 'b'], ['a', 'b'], ['b'])).toBe('a');
  });

  it('is the one that was lost when there is no other: it may be back', () => {
    expect(chooseHost(['b'], ['b'], ['b'])).toBe('b');
    expect(chooseHost([], ['b'], ['b'])).toBe('b');
    expect(chooseHost([], [''], [''])).toBeUndefined();
  });
});
