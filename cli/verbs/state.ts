import { exitCodes } from '../exit-codes.ts';
import { renderDoctor, renderRuns, renderStatus } from '../state-text.ts';
import { jsonFlag, type Verb } from '../verb.ts';

export const status: Verb = {
  name: 'status',
  summary: 'what runs here: Temporal, processes, runs',
  flags: [jsonFlag],
  examples: [
    ['soak status', ''],
    ['soak status --json', 'one line; its schema is docs/schema/status.schema.json'],
  ],
  run: async (call, { service, out }) => {
    const report = await service.status();
    out(call.flags['json'] === true ? JSON.stringify(report) : renderStatus(report));
    return exitCodes.ok;
  },
};

export const doctor: Verb = {
  name: 'doctor',
  summary: 'check every prerequisite at once; exit 1 when one is missing',
  flags: [jsonFlag],
  examples: [['soak doctor', 'what is there, what is wrong, what to do']],
  run: async (call, { service, out, terminal }) => {
    const report = await service.doctor();
    out(call.flags['json'] === true ? JSON.stringify(report) : renderDoctor(report, terminal.colour));
    return report.checks.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.fail;
  },
};

const listedMax = 1_000;
const listedDefault = 20;

export const list: Verb = {
  name: 'list',
  summary: 'runs, latest first',
  flags: [{ name: 'limit', value: 'N', kind: 'number', means: `at most so many (default ${listedDefault})` }, jsonFlag],
  examples: [['soak list --limit 5', '']],
  check: ({ flags: { limit } }) =>
    limit === undefined || (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= listedMax)
      ? []
      : [`--limit: given ${JSON.stringify(limit)}; it must be a whole number from 1 to ${listedMax}`],
  run: async (call, { service, out }) => {
    const { limit, json } = call.flags;
    const runs = await service.list(typeof limit === 'number' ? limit : listedDefault);
    out(json === true ? JSON.stringify(runs) : renderRuns(runs));
    return exitCodes.ok;
  },
};
