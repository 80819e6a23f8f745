import { describe, expect, it } from 'vitest';
import { type StackPlan } from '#model/stack.ts';
import { renderNginx } from './nginx.ts';
import { planPostgresSettings } from './postgres-settings.ts';
import { renderPrometheus } from './prometheus.ts';
import { planRedis } from './redis.ts';

const gibibyte = 1024 ** 3;
const plan: StackPlan = {
  provisioner: 'local',
  target: 'reference',
  gatewayInstances: 2,
  l1BytesMax: 64 * 1024 ** 2,
  redisBytesMax: 128 * 1024 ** 2,
  databasePoolMax: 20,
  databaseSharedBuffersBytes: gibibyte,
  mockGateways: 10,
  mockSeed: 1,
  mockFailureRate: 0.05,
  cores: 2,
  placement: 'co-located',
};

describe('planPostgresSettings', () => {
  it('keeps work_mem of all connections within a quarter of the memory', () => {
    const settings = planPostgresSettings(plan, 24 * gibibyte);
    expect(settings).toMatchObject({ max_connections: '100', shared_buffers: '1024MB', work_mem: '61MB' });
  });

  it('never turns off what keeps data safe', () => {
    const settings = planPostgresSettings(plan, gibibyte);
    expect(Object.keys(settings)).not.toEqual(expect.arrayContaining(['fsync']));
    expect(settings).not.toHaveProperty('full_page_writes');
    expect(settings['work_mem']).toBe('4MB');
  });
});

describe('renderNginx', () => {
  const text = renderNginx(plan, { port: 4444, gatewayPorts: [4451, 4452], asRoot: false });

  it('listens on the loopback only and passes a dead gateway over', () => {
    expect(text.match(/listen .*/g)).toEqual(['listen 127.0.0.1:4444 backlog=4096;']);
    expect(text).toContain('server 127.0.0.1:4451 max_fails=1 fail_timeout=1s;');
    expect(text).toContain('server 127.0.0.1:4452 max_fails=1 fail_timeout=1s;');
    expect(text).not.toContain('non_idempotent');
  });

  it('stays the user that started it', () => {
    expect(text).not.toContain('user root');
    expect(renderNginx(plan, { port: 1, gatewayPorts: [2], asRoot: true })).toContain('user root;');
  });
});

it('Redis keeps nothing on disk and listens on the loopback', () => {
  const { args } = planRedis(plan, { redis: '/usr/bin/redis-server', folder: '/x', port: 26_379 });
  const valueOf = (name: string): string | undefined => args[args.indexOf(name) + 1];
  expect(['--bind', '--save', '--appendonly', '--maxmemory', '--maxmemory-policy'].map(valueOf)).toEqual([
    '127.0.0.1',
    '',
    'no',
    '134217728',
    'allkeys-lru',
  ]);
});

it('Prometheus scrapes every gateway under its role', () => {
  const text = renderPrometheus([4451, 4452], 9090);
  expect(text.match(/targets: .*\n.*/g)).toEqual([
    "targets: ['127.0.0.1:4451']\n        labels: { role: 'gateway-1' }",
    "targets: ['127.0.0.1:4452']\n        labels: { role: 'gateway-2' }",
    "targets: ['127.0.0.1:9090']\n        labels: { role: 'prometheus' }",
  ]);
});
