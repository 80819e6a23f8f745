/** One shard that is to live elsewhere. */
export interface ShardMove {
  readonly shard: number;
  readonly to: string;
}

/** More hosts than shards have nothing to do; a plan has at most 64 shards. */
export const loadHostsMax = 64;

/**
 * Which shards move, so that they are spread evenly over `hosts`: as few as possible, each at most once, and the same for the
 * same input, in whatever order the hosts are told. `shardHosts` is where each shard is now, by number; on a host that is not in
 * `hosts` (or '') it is nowhere. Nothing moves when there is no host.
 */
export function planMoves(hosts: readonly string[], shardHosts: readonly string[]): ShardMove[] {
  const quotas = dealQuotas(hosts, shardHosts);
  const homeless = shardHosts.flatMap((host, shard) => {
    const left = quotas.get(host) ?? 0;
    if (left > 0) quotas.set(host, left - 1);
    return left > 0 ? [] : [shard];
  });
  const free = [...quotas].flatMap(([host, left]) => Array<string>(left).fill(host));
  return homeless.flatMap((shard, index) => {
    const to = free[index];
    return to === undefined ? [] : [{ shard, to }];
  });
}

/**
 * How many shards each host is to have: sizes differ by one at most, and the larger ones go to whoever has most already,
 * which is what makes the moves fewest.
 */
function dealQuotas(hosts: readonly string[], shardHosts: readonly string[]): Map<string, number> {
  const distinct = [...new Set(hosts)].filter((host) => host !== '').slice(0, loadHostsMax);
  const byShare = distinct
    .map((host) => ({ host, has: countOn(host, shardHosts) }))
    .sort((a, b) => b.has - a.has || (a.host < b.host ? -1 : 1));
  const shards = shardHosts.length;
  const each = Math.floor(shards / Math.max(1, byShare.length));
  const larger = shards - each * byShare.length;
  return new Map(byShare.map(({ host }, index) => [host, each + (index < larger ? 1 : 0)]));
}

/**
 * Where a shard goes whose host is lost: to the one that has fewest shards of those that were not tried yet; when all were,
 * to the one that was tried first. Undefined when there is none at all.
 */
export function chooseHost(
  hosts: readonly string[],
  shardHosts: readonly string[],
  tried: readonly string[],
): string | undefined {
  const [best] = [...new Set(hosts)]
    .filter((host) => host !== '' && !tried.includes(host))
    .map((host) => ({ host, has: countOn(host, shardHosts) }))
    .sort((a, b) => a.has - b.has || (a.host < b.host ? -1 : 1));
  return best?.host ?? tried.find((host) => host !== '');
}

const countOn = (host: string, shardHosts: readonly string[]): number =>
  shardHosts.filter((each) => each === host).length;
