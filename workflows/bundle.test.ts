import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { WorkflowName } from '#model/plan.ts';
import * as workflows from './index.ts';

describe('registered workflows', () => {
  it('are exactly those that the requirements name', () => {
    expect(Object.keys(workflows).sort()).toEqual(['AllWaves', 'FederationLoad', 'SoakWave', 'StabilityRun']);
  });

  it('are exactly those that the model knows', () => {
    expect(Object.keys(workflows).sort()).toEqual([...WorkflowName.options].sort());
  });

  it('have the name of their function as their type, which is what recorded histories refer to', () => {
    expect(Object.entries(workflows).filter(([name, workflow]) => workflow.name !== name)).toEqual([]);
  });

  it('take one object, so that a field can be added without breaking a history', () => {
    expect(Object.values(workflows).map((workflow) => workflow.length)).toEqual([1, 1, 1, 1]);
  });
});

/** What may run in the sandbox besides our own code: the last three are brought by Temporal itself. */
const allowedPackages = ['zod', '@temporalio/workflow', '@temporalio/common', 'nexus-rpc', 'long', 'ms'];

describe('the bundle', () => {
  let sources: string[];
  beforeAll(async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('index.ts', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    });
    sources = sourcesOf(code);
  });

  it('lists its sources, so that the tests below look at something', () => {
    expect(sources.filter((source) => source.endsWith('workflows/carry-run.ts'))).toHaveLength(1);
  });

  it('holds no code of ours but workflows and model: nothing of an adapter and no activity', () => {
    const home = fileURLToPath(new URL('..', import.meta.url));
    const ours = sources.filter((source) => !source.includes('node_modules/') && source.endsWith('.ts'));
    const folders = ours.map((source) => relative(home, source).split('/')[0]);
    expect(new Set(folders)).toEqual(new Set(['workflows', 'model']));
  });

  it('holds no package that could reach outside of the sandbox', () => {
    const packages = new Set(sources.flatMap((source) => packageOf(source) ?? []));
    expect([...packages].filter((name) => !allowedPackages.includes(name))).toEqual([]);
  });
});

/** The source map is at the end of the bundle. */
function sourcesOf(code: string): string[] {
  const encoded = /sourceMappingURL=data:application\/json;[^,]*base64,([A-Za-z0-9+/=]+)/.exec(code)?.[1] ?? '';
  return (JSON.parse(Buffer.from(encoded, 'base64').toString()) as { sources: string[] }).sources;
}

const packageOf = (source: string): string | undefined => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1];
