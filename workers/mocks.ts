import { startMocks } from '#mocks/cluster.ts';
import { MockOptions } from '#mocks/options.ts';
import { readChildOptions } from './wiring/environment.ts';

/** Every mocked gateway in one process (R4.1). */
const mocks = await startMocks(readChildOptions('SOAK_MOCKS', MockOptions));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void mocks.close().then(() => process.exit(0)));
}
