import { allowedPerHourDefault, settlesWithinHoursDefault } from '#model/leak-limits.ts';
import { readSlope } from '#model/leak-watch.ts';
import { worstOutcome } from '#model/verdict.ts';
import { exitCodeOf } from '../exit-codes.ts';
import type { JudgeOrder } from '../judged-file.ts';
import { renderJudgedFile } from '../judge-text.ts';
import { type Call, jsonFlag, type Verb } from '../verb.ts';

const hoursForm = /^(\d+(?:\.\d+)?)(h|m|s)$/;
const hoursOf = { h: 1, m: 1 / 60, s: 1 / 3_600 } as const;

export const judge: Verb = {
  name: 'judge',
  summary: 'judge bare series for leaks: pass, fail, or inconclusive and how long it would take; needs no server',
  operand: { name: 'FILE', means: 'one run: lines of JSON, a sample each; docs/leaks.md says how', most: 10_000 },
  flags: [
    {
      name: 'allow',
      value: 'SLOPE,…',
      kind: 'list',
      means: 'what may be: 0.1MB/h of bytes (MB is 10⁶ bytes) and 1/h of counts unless said',
    },
    { name: 'settles-within', value: 'LENGTH', kind: 'text', means: 'longest time constant of what fills up: 8h' },
    { ...jsonFlag, means: 'a list with an element a file, as JSON' },
  ],
  examples: [
    ['soak judge rss.ndjson', 'does what is in the file leak'],
    ['soak judge night-*.ndjson --allow 0.5MB/h --json', 'several runs, for a script'],
  ],
  check: (call) => readOrder(call).problems,
  run: async (call, { service, out }) => {
    const judged = await service.judgeFiles(readOrder(call).order);
    if (call.flags['json'] === true) out(JSON.stringify(judged));
    else out(judged.map(renderJudgedFile).join('\n\n'));
    return exitCodeOf[worstOutcome(judged.map(({ outcome }) => outcome))];
  },
};

function readOrder({ operands, flags }: Call): { order: JudgeOrder; problems: string[] } {
  const problems = operands.length === 0 ? ['a FILE is needed'] : [];
  const allowedPerHour: { bytes: number; count: number } = { ...allowedPerHourDefault };
  for (const text of [flags['allow'] ?? []].flat().map(String)) {
    const slope = readSlope(text);
    if (typeof slope === 'string') problems.push(`--allow ${slope}`);
    else Object.assign(allowedPerHour, slope);
  }
  const settles = String(flags['settles-within'] ?? `${settlesWithinHoursDefault}h`);
  const [, number, unit] = hoursForm.exec(settles) ?? [];
  const settlesWithinHours = Number(number) * hoursOf[(unit ?? 'h') as keyof typeof hoursOf];
  if (!(settlesWithinHours > 0)) problems.push(`--settles-within ${settles}: a length of time is e.g. 8h or 90m`);
  return { order: { files: operands, allowedPerHour, settlesWithinHours }, problems };
}
