import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { type LoadBenchReport, loadTools } from '#cli/load-bench.ts';

/** Trials of one second: what the figures are is for no test to say. */
const home = new URL('../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'soakwave-bench-'));
const portOffset = 6_100;
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('soak bench load', () => {
  it('measures every tool that is there, says how to install the others, and leaves nothing running', async () => {
    const env = { SOAK_HOME: folder, SOAK_PORT_OFFSET: `${portOffset}` };
    const args = ['--seconds', '1', '--rounds', '1', '--only', [...loadTools, 'honesty'].join(','), '--json'];
    const { stdout } = await execa('scripts/soak', ['bench', 'load', ...args], { cwd: home, env });
    const report = JSON.parse(stdout) as LoadBenchReport;
    expect(report.tools.map(({ tool }) => tool)).toEqual(loadTools);
    for (const row of report.tools) {
      if ('missing' in row) expect(row.missing, row.tool).not.toBe('');
      else {
        expect(row, row.tool).toMatchObject({ failed: 0 });
        for (const figure of [row.requestsPerSecond, row.p99Ms, row.rssBytes, row.cpuUsPerRequest]) expect(figure, row.tool).toBeGreaterThan(0); // prettier-ignore
      }
    }
    const present = report.tools.filter((row) => !('missing' in row)).map(({ tool }) => tool);
    expect(present).toEqual(expect.arrayContaining(['soakwave', 'undici', 'wrk', 'autocannon']));
    expect(report.bars.map(({ bar }) => bar)).toContain('requests/s beside wrk');
    for (const figures of [report.honesty?.bare, report.honesty?.engine]) expect(figures).toMatchObject({ failed: 0 });
    for (const port of [4_445, 4_446]) expect(await isOpen(port + portOffset)).toBe(false);
  });
});

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
