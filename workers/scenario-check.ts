import { writeSync } from 'node:fs';
import { loadScenario } from '#loadtest/scenarios/scenario-file.ts';

/**
 * Loads one scenario and answers, in the file that is open as number 3, with its outline or with everything that is wrong
 * with it. A process of its own, because loading a file runs it: what it prints, breaks or never ends stays in here.
 */
const [, , path = ''] = process.argv;
const read = await loadScenario(path);
const answer = read.ok ? { ok: true, outline: read.scenario.outline } : read;
writeSync(3, JSON.stringify(answer));
process.exit();
