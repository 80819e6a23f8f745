import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KillPoint } from './kill-points.ts';

type Gate = `${'before' | 'after'}-${string}`;
const lookMs = 20;

/** The test's side of `workers/wiring/test-hooks.ts`. */
export interface Hooks {
  /** To be called before the run starts; resolves at the moment of the kill, for points that are at an activity. */
  reach(point: KillPoint, signal: AbortSignal): Promise<void>;
  keepDown(role: string): void;
  clear(): void;
}

export function createHooks(stateFolder: string): Hooks {
  const folder = join(stateFolder, 'hooks');
  const hold = (gate: Gate): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `hold-${gate}`), '');
  };
  const release = (gate: Gate): void => {
    rmSync(join(folder, `hold-${gate}`), { force: true });
  };
  const held = async (gate: Gate, signal: AbortSignal): Promise<void> => {
    while (!existsSync(join(folder, `held-${gate}`))) await sleep(lookMs, undefined, { signal });
  };
  return {
    async reach(point, signal) {
      if (!('activity' in point)) return;
      const gate: Gate = `${point.at === 'after' ? 'after' : 'before'}-${point.activity}`;
      if (point.via !== undefined) {
        const first: Gate = `after-${point.via}`;
        hold(first);
        await held(first, signal);
        hold(gate);
        release(first);
      } else {
        hold(gate);
      }
      await held(gate, signal);
      if (point.at !== 'mid') return;
      release(gate);
      await sleep(point.afterMs, undefined, { signal });
    },
    keepDown(role) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `keep-down-${role}`), '');
    },
    clear() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
