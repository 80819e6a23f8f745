import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseK6Line } from './k6.ts';
import { parseLocustLine } from './locust.ts';
import type { ToolReport } from './tool-report.ts';

/** What was recorded of a real run; recorded/README.md says how, and what the tools themselves said of it. */
const linesOf = (name: string): string[] =>
  readFileSync(new URL(`recorded/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

function sumUp(reports: readonly (ToolReport | undefined)[]) {
  const told = reports.filter((report) => report !== undefined);
  const operations: Record<string, Record<string, number>> = {};
  let timed = 0;
  for (const { operation, ok, failed, durationsUs } of told.flatMap(({ requests }) => requests ?? [])) {
    const sum = (operations[operation] ??= { ok: 0 });
    for (const [how, count] of Object.entries({ ok, ...failed })) sum[how] = (sum[how] ?? 0) + count;
    timed += durationsUs.reduce((count, [, times]) => count + times, 0);
  }
  const users = told.flatMap((report) => report.users ?? []);
  const failedThings = told.flatMap((report) => report.told ?? []).map(({ failed }) => failed?.operation);
  return { operations, timed, users, failedThings, told };
}

describe('what Locust’s plugin tells', () => {
  it('comes to what Locust itself counted', () => {
    const { operations, timed, users, told } = sumUp(linesOf('locust.ndjson').map(parseLocustLine));
    expect(operations).toEqual({
      'GET /v1/tools': { ok: 4, 'http-503': 1, 'connection-ConnectionRefusedError': 1 },
      'POST /v1/tools': { ok: 0, timeout: 5, 'connection-ConnectionRefusedError': 3 },
      'GET /v1/tools/search': { ok: 0, 'check-own': 4, 'connection-ConnectionRefusedError': 1 },
    });
    // Answers that came: right ones, and those that the file's own check found wrong.
    expect(timed).toBe(8);
    expect(Math.max(...users)).toBe(2);
    const selves = told.flatMap(({ self }) => self ?? []);
    expect(selves.length).toBeGreaterThan(3);
    expect(selves.every(({ cpuSeconds, rssBytes }) => cpuSeconds > 0 && rssBytes > 1e7)).toBe(true);
    expect(told).toHaveLength(linesOf('locust.ndjson').length);
  });

  it('names the tasks that broke', () => {
    const errors = [{ user: 'Browser', count: 3, detail: "KeyError: 'tools'" }];
    const line = { at: 1.5, users: 2, cpuSeconds: 1, rssBytes: 1, requests: [], errors };
    expect(parseLocustLine(JSON.stringify(line))).toEqual({
      ...{ at: 2, users: 2, requests: [] },
      told: [
        {
          finding: 'task-error',
          detail: "Browser: KeyError: 'tools'",
          failed: { operation: 'task Browser', count: 3 },
        },
      ],
    });
  });

  it('is nothing when it is cut off, or somebody else’s', () => {
    const [line = ''] = linesOf('locust.ndjson');
    expect(parseLocustLine(line.slice(0, -5))).toBeUndefined();
    expect(parseLocustLine('{"at":1}')).toBeUndefined();
    expect(parseLocustLine('Traceback (most recent call last):')).toBeUndefined();
  });
});

describe('what k6 tells', () => {
  it('comes to what k6 itself counted', () => {
    const { operations, timed, users, failedThings } = sumUp(linesOf('k6.ndjson').map(parseK6Line));
    expect(operations).toEqual({
      'GET /v1/tools': { ok: 11, 'connection-ECONNREFUSED': 3, 'connection-ECONNRESET': 2, 'connection-k6-1000': 1 },
      'POST /v1/tools': { ok: 0, timeout: 12, 'connection-ECONNREFUSED': 5 },
    });
    expect(timed).toBe(11);
    expect(Math.max(...users)).toBe(2);
    expect(failedThings).toEqual(Array.from({ length: 17 }, () => 'check a list of tools'));
  });

  it('is told when it happened, and in microseconds', () => {
    const tags = { method: 'GET', name: 'list', status: '200', expected_response: 'true' };
    const point = {
      metric: 'http_req_duration',
      type: 'Point',
      data: { time: '2026-11-27T19:06:13.5Z', value: 6.19, tags },
    };
    expect(parseK6Line(JSON.stringify(point))).toEqual({
      at: Date.UTC(2026, 10, 27, 19, 6, 13, 500),
      requests: [{ operation: 'GET list', ok: 1, failed: {}, bytesIn: 0, durationsUs: [[6_190, 1]] }],
    });
  });

  it('is nothing when it is cut off, or of what is not read', () => {
    expect(parseK6Line('{"metric":"http_req_duration","type":"Point","data":{"ti')).toBeUndefined();
    expect(parseK6Line('{"metric":"iterations","type":"Point","data":{"time":"x","value":1}}')).toBeUndefined();
    expect(parseK6Line('     ✓ a list of tools')).toBeUndefined();
  });
});
