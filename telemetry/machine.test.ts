import { describe, expect, it } from 'vitest';
import { metrics } from '#model/metrics.ts';
import { cpuStatPaths, parseCpuLine, parseFigure, parsePressure } from './machine-text.ts';
import { createMachineSource } from './machine.ts';

describe('what the machine says of itself', () => {
  it('is the time of all cores, with what was stolen and what waited for a disk apart', () => {
    const text = 'cpu  100 50 200 1000 30 10 20 90 7 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n';
    expect(parseCpuLine(text)).toEqual({
      [metrics.machineCpuSeconds]: 15,
      [metrics.machineBusySeconds]: 3.8,
      [metrics.machineStealSeconds]: 0.9,
      [metrics.machineIowaitSeconds]: 0.3,
    });
    expect(parseCpuLine('intr 1 2 3\n')).toEqual({});
    expect(parseCpuLine('cpu  1 2 x\n')).toEqual({});
  });

  it('is how long tasks stood still', () => {
    const text = 'some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 total=1000000\n';
    expect([parsePressure(text, 'some'), parsePressure(text, 'full')]).toEqual([2.5, 1]);
    expect(parsePressure('', 'some')).toBeUndefined();
  });

  it('is a figure by its name, in bytes where the kernel says kB', () => {
    expect(parseFigure('MemTotal:  9 kB\nMemAvailable:    2 kB\n', 'MemAvailable')).toBe(2_048);
    expect(parseFigure('oom_kill 3\noom_kill_x 4\n', 'oom_kill')).toBe(3);
    expect(parseFigure('nr_periods 10\nnr_throttled 4\n', 'nr_throttled')).toBe(4);
    expect(parseFigure('', 'nr_throttled')).toBeUndefined();
  });

  it('comes from the control group of either version', () => {
    const paths = cpuStatPaths('4:cpu,cpuacct:/a/b\n0::/c\n');
    expect(paths).toContain('/sys/fs/cgroup/c/cpu.stat');
    expect(paths).toContain('/sys/fs/cgroup/cpu/a/b/cpu.stat');
    expect(cpuStatPaths('0::/\n')).toContain('/sys/fs/cgroup/cpu.stat');
    expect(cpuStatPaths('2:cpuacct:/x\n')).not.toContain('/sys/fs/cgroup/cpu/x/cpu.stat');
  });

  it('delivers on this machine what every Linux has', async () => {
    const source = createMachineSource({ folder: '/' });
    const values = await source.read();
    expect(source.metrics.filter((metric) => values[metric] === undefined)).toEqual([]);
    expect(values[metrics.machineDiskFreeBytes]).toBeGreaterThan(0);
    await source.close();
  });

  it('is by how much the clock was set, and not how a good clock drifts', async () => {
    let [wall, steady] = [1_000_000, 0];
    const source = createMachineSource({ folder: '/', wallMs: () => wall, steadyMs: () => steady });
    const jumped = async (wallMs: number) => {
      wall += wallMs;
      steady += 1_000;
      return (await source.read())[metrics.machineClockJumpSeconds];
    };
    expect(await jumped(1_000)).toBe(0);
    expect(await jumped(1_001)).toBe(0);
    expect(await jumped(4_000)).toBe(3);
    expect(await jumped(-1_000)).toBe(5);
  });
});
