import { describe, expect, it } from 'vitest';
import { metrics } from '#model/metrics.ts';
import type { StackAddress, StackPlan } from '#model/stack.ts';
import { GatewayOptions } from './gateway/options.ts';
import { referenceTarget } from './target.ts';

const plan: StackPlan = {
  provisioner: 'local',
  target: 'reference',
  gatewayInstances: 3,
  l1BytesMax: 1_000_000,
  redisBytesMax: 1_000_000,
  databasePoolMax: 5,
  databaseSharedBuffersBytes: 1_000_000,
  mockGateways: 2,
  mockSeed: 1,
  mockFailureRate: 0.05,
  cores: 2,
  placement: 'co-located',
};
const place = {
  ports: { nginx: 4444, gatewayFirst: 5000, mockAdmin: 6000, mockFirst: 6001, postgres: 1, redis: 2, prometheus: 3 },
  secretFile: 'secret',
  databaseUrl: 'postgres://somebody@127.0.0.1:1/postgres',
  redisUrl: 'redis://127.0.0.1:2',
  mockUrls: ['http://127.0.0.1:6001/mcp', 'http://127.0.0.1:6002/mcp'],
  home: 'home',
  node: 'node',
};

describe('the reference target', () => {
  it('is one process an instance, each with a port and options that the gateway takes', () => {
    const specs = referenceTarget.processes(plan, place);
    expect(specs.map(({ role }) => role)).toEqual(['gateway-1', 'gateway-2', 'gateway-3']);
    const options = specs.map(({ env }) => GatewayOptions.parse(JSON.parse(env['SOAK_GATEWAY'] ?? '')));
    expect(options.map(({ port, instance }) => [port, instance])).toEqual([
      [5000, 'gateway-1'],
      [5001, 'gateway-2'],
      [5002, 'gateway-3'],
    ]);
    expect(options[0]?.peers.map(({ gatewayId, region }) => [gatewayId, region])).toEqual([
      [1, 'us-east'],
      [2, 'us-west'],
    ]);
  });

  it('has the defects that its plan has, the same with the same seed, and none otherwise', () => {
    const defectsOf = (of: StackPlan) =>
      referenceTarget.processes(of, place).map(({ env }) => GatewayOptions.parse(JSON.parse(env['SOAK_GATEWAY'] ?? '')).defects); // prettier-ignore
    expect(defectsOf(plan)).toEqual([{}, {}, {}]);
    const defects = [{ name: 'lost-write' as const, amount: 20 }];
    expect(defectsOf({ ...plan, defects })[2]).toEqual({ planted: defects, seed: 1 });
  });

  it('keeps where its servers are out of the arguments, which everybody can read', () => {
    for (const { args } of referenceTarget.processes(plan, place)) expect(args.join(' ')).not.toContain('127.0.0.1');
  });

  it('is probed for canonical names only, each once but for large objects', () => {
    const address = { gatewayUrls: ['http://127.0.0.1:5000'] } as StackAddress;
    const [probe] = referenceTarget.probes(address);
    const names = probe?.series.map(({ metric }) => metric) ?? [];
    expect(probe?.url).toBe('http://127.0.0.1:5000/metrics');
    // Large objects, the old and the young ones, are two spaces of one metric.
    expect(names.length - new Set(names).size).toBe(1);
    expect(names.filter((name) => !Object.values<string>(metrics).includes(name))).toEqual([]);
  });
});
