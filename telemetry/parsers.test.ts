import { describe, expect, it } from 'vitest';
import { parseIo, parseStat, parseStatus } from './proc-text.ts';
import { createPageReader } from './prometheus-text.ts';
import { parseInfo } from './redis-info.ts';
import { parseStubStatus } from './stub-status.ts';

describe('parseStat', () => {
  it('counts fields from the last bracket, because a program may be called anything', () => {
    const tail = 'S 1 77 77 0 -1 4194560 100 200 0 0 250 150 30 20 20 0 12 0 987654 1000000 2000';
    expect(parseStat(`77 (a) (b c) ${tail}`)).toEqual({
      startTicks: 987_654,
      isZombie: false,
      cpuSeconds: 4,
      reapedCpuSeconds: 0.5,
    });
    expect(parseStat(`77 (node) ${tail.replace('S', 'Z')}`).isZombie).toBe(true);
  });
});

describe('parseStatus', () => {
  it('reads bytes and counts', () => {
    const text =
      'Name:\tnode\nVmRSS:\t  2048 kB\nRssAnon:\t  1024 kB\nVmSwap:\t     4 kB\nThreads:\t11\nvoluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n';
    expect(parseStatus(text)).toEqual({
      rss_bytes: 2_097_152,
      rss_anon_bytes: 1_048_576,
      swap_bytes: 4_096,
      threads: 11,
      context_switches_total: 42,
    });
  });

  it('leaves out what is not there, instead of calling it zero', () => {
    expect(parseStatus('Name:\tkthreadd\nThreads:\t1\n')).toEqual({ threads: 1 });
  });
});

describe('parseIo', () => {
  it('reads what reached the storage, and nothing of what did not', () => {
    const text =
      'rchar: 100\nwchar: 200\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 1\n';
    expect(parseIo(text)).toEqual({ io_read_bytes_total: 4_096, io_write_bytes_total: 8_192 });
    expect(parseIo('rchar: 100\n')).toEqual({});
  });
});

describe('createPageReader', () => {
  const parseMetrics = (text: string, series: Parameters<typeof createPageReader>[0]) => createPageReader(series)(text);
  const page = [
    '# HELP requests_total Requests.',
    '# TYPE requests_total counter',
    'requests_total{method="GET",path="/a\\"b,{c}"} 3',
    'requests_total{method="POST",path="/x"} 4 1700000000000',
    'requests_total_other 100',
    'heap_bytes 1.5e6',
    'empty NaN',
    'gc_sum{kind="major"} 0.25',
    'gc_sum{kind="minor"} 0.5',
    '',
  ].join('\n');

  it('sums the lines that match', () => {
    expect(parseMetrics(page, [{ name: 'requests_total', metric: 'http_requests_total' }])).toEqual({
      http_requests_total: 7,
    });
  });

  it('matches labels, quotes and brackets in values included', () => {
    const series = [
      { name: 'requests_total', labels: { path: '/a"b,{c}' }, metric: 'odd' },
      { name: 'gc_sum', labels: { kind: 'major' }, metric: 'gc_major' },
      { name: 'gc_sum', metric: 'gc' },
    ];
    expect(parseMetrics(page, series)).toEqual({ odd: 3, gc_major: 0.25, gc: 0.75 });
  });

  it('takes no label for another that ends like it, and no exemplar for a value', () => {
    const odd = [
      'seconds_bucket{mode="0.1",xle="0.1"} 9',
      'seconds_bucket{le="0.1",mode="x"} 1 # {trace="7"} 0.05',
      'seconds_bucket{mode="x",le="0.1"}\t2',
      'seconds_bucket{mode="le=\\"0.1\\"",le="0.5"} 5',
      'seconds_bucket{mode="}",le="0.1"} 4 1700000000000',
    ].join('\n');
    expect(parseMetrics(odd, [{ name: 'seconds_bucket', labels: { le: '0.1' }, metric: 'within' }])).toEqual({
      within: 7,
    });
  });

  it('knows a line again, and is not misled when others come, go or change places', () => {
    const read = createPageReader([
      { name: 'hits', labels: { level: 'l1' }, metric: 'l1' },
      { name: 'hits', labels: { level: 'l2' }, metric: 'l2' },
      { name: 'misses', metric: 'misses' },
    ]);
    const first = 'hits{level="l1"} 1\nhits{level="l2"} 2\nmisses 3\n';
    expect(read(first)).toEqual({ l1: 1, l2: 2, misses: 3 });
    expect(read(first.replaceAll(/\d+$/gm, '70'))).toEqual({ l1: 70, l2: 70, misses: 70 });
    expect(read('other 9\nmisses 30\nhits{level="l2"} 20\n')).toEqual({ l2: 20, misses: 30 });
    expect(read('misses_more 5\n\nno line\nhits{level="l1"} 4')).toEqual({ l1: 4 });
    expect(read(first)).toEqual({ l1: 1, l2: 2, misses: 3 });
  });

  it('leaves out a series without a line or without a number', () => {
    const series = ['empty', 'absent', 'requests'].map((name) => ({ name, metric: name }));
    expect(parseMetrics(page, series)).toEqual({});
  });
});

describe('parseInfo', () => {
  const info = (...lines: string[]): string =>
    [
      ...['# Server', 'used_memory:1000', 'maxmemory:2000', 'keyspace_hits:5', 'keyspace_misses:2', 'evicted_keys:0'],
      ...['expired_keys:1', 'total_commands_processed:77', ...lines, ''],
    ].join('\r\n');

  it('adds the keys of all databases and does not count itself', () => {
    expect(parseInfo(info('connected_clients:4', 'db0:keys=7,expires=1,avg_ttl=0', 'db3:keys=2,expires=0'))).toEqual({
      redis_memory_bytes: 1_000,
      redis_memory_max_bytes: 2_000,
      redis_expired_total: 1,
      redis_commands_total: 77,
      redis_hits_total: 5,
      redis_misses_total: 2,
      redis_evictions_total: 0,
      redis_clients: 3,
      redis_keys: 9,
    });
  });

  it('refuses an answer that lacks a field', () => {
    expect(() => parseInfo(info())).toThrow('INFO has no connected_clients');
  });
});

describe('parseStubStatus', () => {
  it('reads connections and requests', () => {
    const page =
      'Active connections: 291 \nserver accepts handled requests\n 16630948 16630940 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n';
    expect(parseStubStatus(page)).toEqual({
      ...{ nginx_connections: 290, nginx_waiting_connections: 106 },
      ...{ nginx_dropped_total: 8, nginx_requests_total: 31_070_465 },
    });
  });

  it('refuses another page', () => {
    expect(() => parseStubStatus('<html>404</html>')).toThrow('not one of stub_status');
  });
});
