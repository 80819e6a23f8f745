import { readdirSync } from 'node:fs';
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

/** What may run in the sandbox: our workflows and model, zod, Temporal, and the packages that Temporal brings itself. */
const allowedPackages = ['zod', '@temporalio/workflow', '@temporalio/common', '@temporalio/proto'];
const allowedWithTemporal = ['long', 'ms', 'protobufjs', '@protobufjs/*', 'nexus-rpc', 'webpack'];

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
    const folders = readdirSync(home, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
      .map(({ name }) => name);
    const ours = sources.filter((source) => !source.includes('node_modules/') && source.endsWith('.ts'));
    const used = new Set(ours.map((source) => folders.find((folder) => source.includes(`/${folder}/`)) ?? source));
    expect(used).toEqual(new Set(['workflows', 'model']));
  });

  it('holds no package that could reach outside of the sandbox', () => {
    const packages = new Set(sources.flatMap((source) => packageOf(source) ?? []));
    const allowed = [...allowedPackages, ...allowedWithTemporal].map((name) => name.replace('/*', '/'));
    expect(
      [...packages].filter(
        (name) => !allowed.some((one) => name === one || (one.endsWith('/') && name.startsWith(one))),
      ),
    ).toEqual([]);
  });
});

/** The source map is at the end of the bundle. */
function sourcesOf(code: string): string[] {
  const encoded = /sourceMappingURL=data:application\/json;[^,]*base64,([A-Za-z0-9+/=]+)/.exec(code)?.[1] ?? '';
  return (JSON.parse(Buffer.from(encoded, 'base64').toString()) as { sources: string[] }).sources;
}

const packageOf = (source: string): string | undefined => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1];
