import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { embeddedAddress, type Places, placesOf } from './places.ts';

const at = (portOffset: number): Places => placesOf({ stateFolder: '/state', portOffset });
/** The pool of gateways and mocks begins at its first port and takes one each; the rest are single. */
const portsOf = ({ temporal, evidencePort, stackPorts }: Places): number[] => [
  ...Object.values(temporal),
  evidencePort,
  ...Object.values(stackPorts),
];

describe('placesOf', () => {
  it('keeps every folder under the state folder', () => {
    const { base, workers, stack, runs } = at(0);
    expect([base, workers, stack, runs]).toEqual(['/state/base', '/state/workers', '/state/stack', '/state/runs']);
  });

  it('is found where people expect it: Temporal on 7233, its UI on 8233, nginx on 4444', () => {
    const { temporal, stackPorts } = at(0);
    expect([temporal.port, temporal.uiPort, stackPorts.nginx]).toEqual([7233, 8233, 4444]);
    expect(embeddedAddress(at(0))).toBe('127.0.0.1:7233');
  });

  it('shifts every port by the offset', () => {
    expect(portsOf(at(500))).toEqual(portsOf(at(0)).map((port) => port + 500));
    expect(embeddedAddress(at(500))).toBe('127.0.0.1:7733');
  });

  it('gives every part a port of its own, and none of a system beside it', () => {
    for (const offset of [0, 100, 500, 2_000]) {
      const ports = portsOf(at(offset));
      expect(new Set(ports).size).toBe(ports.length);
      if (offset > 0) expect(ports.filter((port) => portsOf(at(0)).includes(port))).toEqual([]);
    }
  });

  it('keeps what belongs to a run in a folder of its own', () => {
    const folder = join('/state', 'runs', '0199-ab');
    expect(at(0).run('0199-ab')).toEqual({
      folder,
      plan: join(folder, 'plan.json'),
      spool: join(folder, 'spool'),
      faults: join(folder, 'faults'),
      held: join(folder, 'held'),
      writes: join(folder, 'writes'),
    });
  });

  it.each(['', '..', '../../etc', 'a/b', 'a b'])('refuses a run key that could lead elsewhere: "%s"', (runKey) => {
    expect(() => at(0).run(runKey)).toThrow('run key');
  });
});
