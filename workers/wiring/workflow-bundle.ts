import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { writeAtomic } from '#compose/atomic-file.ts';
import { codeStamp } from './code-stamp.ts';

const keptMax = 8;

/** What a bundle is made from, and where the ones that were made are kept. */
export interface BundleSource {
  readonly home: string;
  readonly folder: string;
  /** Resolves to the bundled code; the default asks the SDK. */
  readonly bundle?: () => Promise<string>;
}

/**
 * The code of the workflows for the sandbox. Bundling takes seconds of a core, in which a run has no orchestrator, so what
 * was bundled from this very code is kept and used again. A folder that cannot be read or written costs these seconds only.
 */
export async function workflowBundle({ home, folder, bundle = () => bundleOf(home) }: BundleSource): Promise<string> {
  const stamp = codeStamp(home);
  const path = join(folder, `workflows-${stamp}.js`);
  const kept = readKept(path);
  if (kept !== undefined) return kept;
  const code = await bundle();
  // A deploy meanwhile: nobody knows which code this is.
  if (codeStamp(home) === stamp) keep(folder, path, code);
  return code;
}

async function bundleOf(home: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(home, 'workflows', 'index.ts'),
    workflowInterceptorModules: [join(home, 'workflows', 'summaries.ts')],
    logger: new DefaultLogger('WARN'),
  });
  return code;
}

function readKept(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function keep(folder: string, path: string, code: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeAtomic(path, code);
    const ages = readdirSync(folder)
      .filter((name) => name.startsWith('workflows-'))
      .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
      .sort((one, other) => other.at - one.at);
    for (const { name } of ages.slice(keptMax)) rmSync(join(folder, name), { force: true });
  } catch {
    // A full or read-only disk: it is bundled again the next time.
  }
}
