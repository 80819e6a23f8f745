import { renderAnalysisBench } from '../analysis-bench.ts';
import { exitCodes } from '../exit-codes.ts';
import { benchSubjects, flagsOf, readBenchOrder } from '../bench-order.ts';
import { renderEndurance, renderLoadBench } from '../load-bench-text.ts';
import { renderSamplingBench } from '../sampling-bench.ts';
import { renderSeedBench } from '../seed-bench-text.ts';
import { renderVerdictBench } from '../verdict-bench.ts';
import { type Call, jsonFlag, type Verb, type VerbContext } from '../verb.ts';

export const bench: Verb = {
  name: 'bench',
  summary: 'measure soakwave against its peers on this machine',
  operand: { name: 'WHAT', means: benchSubjects.join(' or '), most: 1 },
  flags: [...flagsOf, { ...jsonFlag, means: 'progress to stderr, the result as last line of stdout' }],
  examples: [
    ['soak bench seed', 'the seeder against a bare binary COPY of the same rows, generate_series and pgbench'],
    ['soak bench seed --rows 500000 --rounds 1', 'a quick look'],
    ['soak bench load', 'the engine against wrk, autocannon, k6 and Locust, a core for each side'],
    ['soak bench load --only soakwave,wrk --seconds 2', 'two of them'],
    ['soak bench load --endurance 30m', 'whether the whole engine keeps its memory at full speed'],
    ['soak bench sampling', 'what sampling takes, and what it costs who is sampled, in about three minutes'],
    ['soak bench analysis', 'how long the verdict on 48 hours of evidence takes, how much memory, how much disk'],
    [
      'soak bench verdict',
      'how often the leak verdict is right, on series whose truth is known, and how often others are',
    ],
    [
      'soak bench verdict --series 0 --runs 300 --keep runs.ndjson',
      'false alarms of whole runs; goes on where it was ended',
    ],
  ],
  check: (call) => readBenchOrder(call).problems,
  run: benchAndTell,
};

async function benchAndTell(call: Call, { service, out, err }: VerbContext): Promise<number> {
  const { order } = readBenchOrder(call);
  const asJson = call.flags['json'] === true;
  const onLine = asJson ? err : out;
  const tell = <Report>(report: Report, render: (report: Report) => string): void => {
    out(asJson ? JSON.stringify(report) : render(report));
  };
  switch (order.what) {
    case 'seed':
      tell(await service.benchSeed(order.seed, onLine), renderSeedBench);
      break;
    case 'load':
      tell(await service.benchLoad(order.load, onLine), renderLoadBench);
      break;
    case 'endurance':
      tell(await service.benchEndurance(order.endurance, onLine), renderEndurance);
      break;
    case 'sampling':
      tell(await service.benchSampling(order.sampling, onLine), renderSamplingBench);
      break;
    case 'analysis':
      tell(await service.benchAnalysis(order.analysis, onLine), renderAnalysisBench);
      break;
    case 'verdict':
      tell(await service.benchVerdict(order.verdict, onLine), renderVerdictBench);
      break;
  }
  return exitCodes.ok;
}
