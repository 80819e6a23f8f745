import { allowedPerHourDefault, settlesWithinHoursDefault } from '#model/leak-limits.ts';
import { readSlope } from '#model/leak-watch.ts';
import { worstOutcome } from '#model/verdict.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import type { JudgeOrder } from '../judged-file.ts';
import type { JudgedFile } from '../judged-file.ts';
import type { JudgedRun } from '../judged-run.ts';
import { renderJudgedFile, renderJudgedRun } from '../judge-text.ts';
import { type Call, jsonFlag, type Verb, type VerbContext } from '../verb.ts';

const hoursForm = /^(\d+(?:\.\d+)?)(h|m|s)$/;
const hoursOf = { h: 1, m: 1 / 60, s: 1 / 3_600 } as const;

export const judge: Verb = {
  name: 'judge',
  summary: 'judge a run again from its stored evidence, and compare; or bare series for leaks, which needs no server',
  operand: {
    name: 'RUN|FILE',
    means: 'a run key, workflow id or latest; an archive of soak evidence export; or a file of series (docs/leaks.md)',
    most: 10_000,
  },
  flags: [
    {
      name: 'allow',
      value: 'SLOPE,…',
      kind: 'list',
      means: 'of series: what may be: 0.1MB/h of bytes (MB is 10⁶ bytes) and 1/h of counts unless said',
    },
    {
      name: 'settles-within',
      value: 'LENGTH',
      kind: 'text',
      means: 'of series: longest time constant of what fills up: 8h',
    },
    { ...jsonFlag, means: 'a list with an element a run or file, as JSON' },
  ],
  examples: [
    ['soak judge latest', 'is its verdict still what was told? exit 65 when it is not'],
    ['soak judge night.soak', 'the same of a run of another machine'],
    ['soak judge rss.ndjson', 'does what is in the file leak'],
    ['soak judge night-*.ndjson --allow 0.5MB/h --json', 'several runs, for a script'],
  ],
  check: (call) => readOrder(call).problems,
  run: judgeAll,
};

async function judgeAll(call: Call, { service, out, err }: VerbContext): Promise<number> {
  const { order } = readOrder(call);
  const kinds = await service.kindsOf(order.files);
  const runs = order.files.filter((_, index) => kinds[index] !== 'series');
  const files = order.files.filter((_, index) => kinds[index] === 'series');
  if (runs.length > 0 && ('allow' in call.flags || 'settles-within' in call.flags)) {
    err(`--allow and --settles-within are of files of series: ${runs.join(', ')} is judged by its plan`);
    return exitCodes.usage;
  }
  try {
    const judgedRuns = runs.length === 0 ? [] : await service.judgeRuns(runs);
    const judgedFiles = files.length === 0 ? [] : await service.judgeFiles({ ...order, files });
    const judged = order.files.flatMap(
      (name) => judgedRuns[runs.indexOf(name)] ?? judgedFiles[files.indexOf(name)] ?? [],
    );
    out(call.flags['json'] === true ? JSON.stringify(judged) : judged.map(render).join('\n\n'));
    if (judgedRuns.some(({ same }) => !same)) return exitCodes.evidence;
    return exitCodeOf[worstOutcome(judged.map(({ outcome }) => outcome))];
  } catch (error) {
    if (!(error instanceof Error && error.name === 'NoVerdict')) throw error;
    err(error.message);
    return exitCodes.inconclusive;
  }
}

const render = (judged: JudgedFile | JudgedRun): string =>
  'run' in judged ? renderJudgedRun(judged) : renderJudgedFile(judged);

function readOrder({ operands, flags }: Call): { order: JudgeOrder; problems: string[] } {
  const problems = operands.length === 0 ? ['a RUN or FILE is needed'] : [];
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
