import { formatNumber } from '#model/figures.ts';
import type { ArchiveReport, ArchiveWatch, EvidenceDesk } from '../evidence-report.ts';
import { renderArchiveReport, renderEvidenceSize } from '../evidence-text.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Call, jsonFlag, type Verb, type VerbContext } from '../verb.ts';

const actions = ['export', 'import', 'show', 'size'] as const;
type Action = (typeof actions)[number];

export const evidence: Verb = {
  name: 'evidence',
  summary: 'take a run’s evidence to another machine: whole archives, judged and reported there as here',
  operand: { name: 'ACTION NAME', means: 'export RUN, import FILE, show FILE, or size RUN', most: 2 },
  flags: [
    { name: 'to', value: 'FILE', kind: 'text', means: 'of export: where to (default soak-<run key>.soak, here)' },
    { name: 'force', kind: 'switch', means: 'of export: replace a file of that name' },
    jsonFlag,
  ],
  examples: [
    ['soak evidence export latest --to night.soak', 'one file, with all that a verdict and a report rest on'],
    ['soak evidence import night.soak', 'into the store here; twice is once'],
    ['soak judge night.soak', 'its verdict, reckoned again; no server is needed'],
    ['soak evidence size latest', 'what it takes, and what 48 hours of it would'],
  ],
  check: (call) => readCall(call).problems,
  detaches: true,
  run: carryOut,
};

function readCall({ operands, flags }: Call): { action: Action; name: string; problems: string[] } {
  const action = actions.find((each) => each === operands[0]);
  const problems = action === undefined ? [`ACTION: allowed are ${actions.join(', ')}`] : [];
  const name = operands[1] ?? (action === 'size' || action === 'export' ? 'latest' : '');
  if (action !== undefined && name === '') problems.push(`${action} needs a FILE`);
  for (const flag of ['to', 'force']) {
    if (flag in flags && action !== undefined && action !== 'export') problems.push(`--${flag} is of export alone`);
  }
  return { action: action ?? 'show', name, problems };
}

async function carryOut(call: Call, context: VerbContext): Promise<number> {
  const { action, name } = readCall(call);
  const { out, err, interrupted, service } = context;
  const asJson = call.flags['json'] === true;
  if (action === 'size') {
    const size = await service.evidence.size(name);
    out(asJson ? JSON.stringify(size) : renderEvidenceSize(size));
    return exitCodes.ok;
  }
  const line = createLine(context, action, asJson);
  try {
    const report = await startAction(service.evidence, call, {
      signal: interrupted,
      onProgress: (done, of) => {
        line.show(done, of);
      },
    });
    line.clear();
    out(asJson ? JSON.stringify(report) : renderArchiveReport(report));
    return exitCodes.ok;
  } catch (error) {
    line.clear();
    if (!interrupted.aborted) throw error;
    err(`Interrupted: ${action === 'import' ? 'nothing of the run is in the store' : 'nothing was left'}.`);
    return exitCodes.interrupted;
  }
}

function startAction(desk: EvidenceDesk, call: Call, watch: ArchiveWatch): Promise<ArchiveReport> {
  const { action, name } = readCall(call);
  const { to, force } = call.flags;
  switch (action) {
    case 'export':
      return desk.exportRun({ run: name, ...(typeof to === 'string' ? { to } : {}), force: force === true }, watch);
    case 'import':
      return desk.importRun(name, watch);
    case 'show':
    case 'size':
      return desk.show(name, watch);
  }
}

const everyMs = 250;

/** One line that lives, where somebody looks; else nothing. */
function createLine({ terminal, now }: VerbContext, action: Action, asJson: boolean) {
  const isLive = terminal.isInteractive && !asJson;
  let shownAt = 0;
  const clear = (): void => {
    if (isLive && shownAt > 0) terminal.write('\r\u001B[2K');
  };
  return {
    clear,
    show(done: number, of: number): void {
      if (!isLive || (done < of && now() - shownAt < everyMs)) return;
      shownAt = now();
      terminal.write(`\r\u001B[2K${action}: ${formatNumber(done)} of ${formatNumber(of)} batches`);
    },
  };
}
