import { formatBytes, formatDuration, formatNumber } from '#model/figures.ts';
import { exitCodes } from '../exit-codes.ts';
import type { SnapshotListing, Snapshots } from '../service.ts';
import { renderTable } from '../table.ts';
import { type Call, jsonFlag, type Verb } from '../verb.ts';

const actions = ['save', 'restore', 'list', 'remove'] as const;
type Action = (typeof actions)[number];

export const snapshot: Verb = {
  name: 'snapshot',
  summary: 'keep the local stack’s seeded database, and bring it back: a wave starts from the same state twice',
  operand: { name: 'ACTION NAME', means: 'save, restore, list or remove, and a name of your choice', most: 2 },
  flags: [jsonFlag],
  examples: [
    ['soak seed medium && soak snapshot save medium', 'the stack must be down, but for its database'],
    ['soak snapshot restore medium && soak run medium', 'as it was seeded, whatever a run has written since'],
    ['soak snapshot list', ''],
  ],
  check: (call) => {
    const { action, name } = read(call);
    if (action === undefined) return [`ACTION: allowed are ${actions.join(', ')}`];
    if (action === 'list') return name === undefined ? [] : ['list takes no NAME'];
    return name !== undefined && /^[a-z0-9][a-z0-9-]{0,40}$/.test(name)
      ? []
      : [`${action} takes a NAME of small letters, digits and dashes`];
  },
  run: async (call, { service, out, now }) => {
    const { action, name = '' } = read(call);
    const startedAt = now();
    const { json, text } = await carryOut(service.snapshots, action ?? 'list', name);
    const took = formatDuration(now() - startedAt);
    out(call.flags['json'] === true ? JSON.stringify(json) : text.replace('%', took));
    return exitCodes.ok;
  },
};

function read({ operands }: Call): { action: Action | undefined; name: string | undefined } {
  return { action: actions.find((each) => each === operands[0]), name: operands[1] };
}

async function carryOut(snapshots: Snapshots, action: Action, name: string): Promise<{ json: unknown; text: string }> {
  switch (action) {
    case 'save': {
      const saved = await snapshots.save(name);
      return { json: saved, text: `saved ${name}, ${formatBytes(saved.bytes)}, in %` };
    }
    case 'restore': {
      const restored = await snapshots.restore(name);
      return { json: restored, text: `restored ${name}, ${formatBytes(restored.bytes)}, in %` };
    }
    case 'remove':
      await snapshots.remove(name);
      return { json: { removed: name }, text: `removed ${name}` };
    case 'list': {
      const all = await snapshots.list();
      return { json: all, text: all.length === 0 ? 'no snapshot was saved' : renderList(all) };
    }
  }
}

const renderList = (all: readonly SnapshotListing[]): string =>
  renderTable([
    ['name', 'size', 'users', 'teams', 'seed', 'profile'],
    ...all.map(({ name, bytes, users, teams, seed, profile }) => [
      ...[name, formatBytes(bytes), formatNumber(users), formatNumber(teams), `${seed}`, profile],
    ]),
  ]);
