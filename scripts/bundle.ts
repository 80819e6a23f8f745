import { fileURLToPath } from 'node:url';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

// Proof that the workflows bundle: what the sandbox forbids (a Node module, a value import of an activity) fails here.
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
  logger: new DefaultLogger('WARN'),
});
console.log(`the workflows bundle into ${Math.round(code.length / 1_024)} KiB`);
