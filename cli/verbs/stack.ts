import { exitCodes } from '../exit-codes.ts';
import type { Verb } from '../verb.ts';

export const up: Verb = {
  name: 'up',
  summary: 'start Temporal, the evidence store and the workers here, or adopt those that run',
  flags: [],
  examples: [
    ['soak up', 'afterwards: temporal workflow start --type SoakWave --task-queue soak --input \'{"wave":"small"}\''],
  ],
  run: async (_, { service, out }) => {
    await service.up(out);
    const { temporal } = await service.status();
    out(`Up. Temporal ${temporal.address}${temporal.ui === undefined ? '' : `, UI ${temporal.ui}`}`);
    return exitCodes.ok;
  },
};

export const down: Verb = {
  name: 'down',
  summary: 'stop everything that was started here; refused while a run is active',
  flags: [
    { name: 'abort', kind: 'switch', means: 'abort active runs first' },
    { name: 'purge', kind: 'switch', means: 'then delete all state here: data, runs and reports' },
  ],
  examples: [
    ['soak down', 'when no run is active'],
    ['soak down --abort', 'in any case'],
    ['soak down --purge', 'and leave nothing behind'],
  ],
  run: async (call, { service, out, err }) => {
    const { stopped, purged, refused } = await service.down({
      abort: call.flags['abort'] === true,
      purge: call.flags['purge'] === true,
    });
    if (refused !== undefined) {
      err(`Nothing was stopped: ${refused}`);
      return exitCodes.fail;
    }
    out(stopped.length === 0 ? 'Nothing was up.' : `Stopped ${stopped.join(', ')}.`);
    if (purged !== undefined) out(`Deleted ${purged} and all data.`);
    return exitCodes.ok;
  },
};
