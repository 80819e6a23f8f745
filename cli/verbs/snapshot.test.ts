import { describe, expect, it } from 'vitest';
import { soak } from '../../test/command-line.ts';

describe('soak snapshot', () => {
  it.each(['save', 'restore'])('%s says how much it was', async (action) => {
    const { code, out, asked } = await soak(['snapshot', action, 'before']);
    expect(code).toBe(0);
    expect(asked[0]).toEqual([action, 'before']);
    expect(out).toContain('2 MB');
  });

  it('lists what there is', async () => {
    expect((await soak(['snapshot', 'list'])).out).toBe('no snapshot was saved');
  });

  it.each([[['keep', 'x']], [['save']], [['save', '../x']], [['list', 'x']]])('refuses %j', async (words) => {
    expect(await soak(['snapshot', ...words])).toMatchObject({ code: 64, created: 0 });
  });
});
