/** A mechanism of the durability promises, the edit that switches it off, and the test that must fail then. */
export interface Switch {
  /** The promise, as `docs/testing/switched-off.md` numbers it. */
  readonly promise: string;
  /** What is off. */
  readonly without: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The project, the file and, where not all of it is meant, the beginning of the tests' names. */
  readonly test: { readonly project: string; readonly file: string; readonly name?: string };
}

const testIn =
  (project: string) =>
  (file: string, name?: string): Switch['test'] => ({ project, file, ...(name === undefined ? {} : { name }) });
const unit = testIn('unit');
const workflow = testIn('workflow');
const stack = testIn('stack');
const durability = testIn('durability');
const kills = (name: string): Switch['test'] => durability('test/durability/kills.test.ts', name);

export const switches: readonly Switch[] = [
  {
    promise: 'kill matrix',
    without: 'a killed run is held against its twin',
    file: 'test/durability/compare.ts',
    from: '...compareSteps(run, twin),',
    to: '',
    test: durability('test/durability/compare.test.ts'),
  },
  {
    promise: 'kill matrix',
    without: 'the supervisor replaces a worker that dies',
    file: 'workers/wiring/supervision.ts',
    from: 'if (charge.isAlive()) {',
    to: 'if (charge.isAlive() || startedAt > 0) {',
    test: kills('a run whose harness is killed in the middle of its load keeps its load'),
  },
  {
    promise: 'load ledger',
    without: 'the second of a death is unknown',
    file: 'model/ledger.ts',
    from: "gap?.cause === 'unrecorded' || (gap?.cause === 'dead' && second === gap.from)",
    to: 'false',
    test: unit('model/ledger.test.ts'),
  },
  {
    promise: 'load ledger',
    without: 'an engine that dies is started again',
    file: 'workers/wiring/engines.ts',
    from: 'if (isGone() && lease.mayStart()) {',
    to: 'if (isGone() && lease.mayStart() && toldAt < 0) {',
    test: kills('a run whose harness is killed in the middle of its load has its engine back'),
  },
  {
    promise: 'load ledger',
    without: 'a second that two engines tell is not counted beyond what was due',
    file: 'model/ledger.ts',
    from: 'const taken = Math.min(claimed, rest);',
    to: 'const taken = claimed;',
    test: unit('model/ledger.test.ts'),
  },
  {
    promise: 'operator control',
    without: 'what an operator asks for is held against the phase',
    file: 'workflows/considerations.ts',
    from: 'if (problem !== undefined) return { problem };',
    to: '',
    test: workflow('workflows/considerations.test.ts'),
  },
  {
    promise: 'operator control',
    without: 'a step that fails for good parks the run',
    file: 'workflows/run.ts',
    from: 'return await run.operator.resolution();',
    to: "return await Promise.resolve('abort' as const);",
    // Its tests follow on each other: the first leaves the stack that the others tamper with.
    test: stack('test/stack/operator.test.ts'),
  },
  {
    promise: 'faults as leases',
    without: 'the watchdog heals what is past its deadline',
    file: 'faults/watchdog.ts',
    from: 'if (clock.now() >= lease.deadlineAt && ',
    to: 'if (clock.now() >= lease.deadlineAt + 600_000 && ',
    test: stack(
      'test/stack/fault-leases.test.ts',
      'a fault whose injector dies, with nobody alive but the watchdog, is healed at its deadline: pause',
    ),
  },
  {
    promise: 'durability oracle',
    without: 'what is not there any more is told',
    file: 'workers/wiring/verifier.ts',
    from: 'lost: back.lost,',
    to: 'lost: [],',
    test: stack('test/stack/oracle.test.ts', 'the durability oracle in a run fails a run that has lost'),
  },
  {
    promise: 'durability oracle',
    without: 'what came back after its deletion is told',
    file: 'workers/wiring/verifier.ts',
    from: 'resurrected: back.resurrected,',
    to: 'resurrected: [],',
    test: stack('test/stack/oracle.test.ts', 'the durability oracle in a run fails a run that has lost'),
  },
  {
    promise: 'stability run',
    without: 'a long run goes on in a new execution',
    file: 'workflows/load-phase.ts',
    from: 'state.nextWindow - firstWindow >= windowsPerExecution || workflowInfo().continueAsNewSuggested',
    to: 'workflowInfo().unsafe.now() < 0 && windowsPerExecution > firstWindow',
    test: stack('test/stack/stability.test.ts'),
  },
  {
    promise: 'all waves',
    without: 'a wave that ends without a verdict is followed by the next',
    file: 'workflows/all-waves.ts',
    from: 'if (isCancellation(error)) throw error;',
    to: 'throw error;',
    test: stack('test/stack/all-waves.test.ts', 'a cycle that is ended in one wave'),
  },
  {
    promise: 'all waves',
    without: 'terminating a cycle asks its wave to clean up',
    file: 'workflows/all-waves.ts',
    from: 'ParentClosePolicy.REQUEST_CANCEL,',
    to: 'ParentClosePolicy.TERMINATE,',
    test: stack('test/stack/all-waves.test.ts', 'a cycle that is ended by terminating'),
  },
  {
    promise: 'all waves',
    without: 'nothing is cleaned up at a seam',
    file: 'workflows/carry-run.ts',
    from: "if (end.kind === 'continue') {",
    to: "if (end.kind === 'continue') { await cleanUp(run, undefined);",
    test: workflow('test/replay/replay.test.ts', 'recorded histories replay against'),
  },
  {
    promise: 'upgrade',
    without: 'a worker that runs other code than what is here is replaced',
    file: 'workers/wiring/supervision.ts',
    from: 'running.spec.env[codeVariable] === spec.env[codeVariable]) continue;',
    to: 'running.spec.env[codeVariable] !== undefined) continue;',
    test: stack('test/stack/upgrade.test.ts', 'a deploy in the middle of a run replaces'),
  },
  {
    promise: 'upgrade',
    without: 'a change of the workflow code fits the histories that there are',
    file: 'workflows/run-steps.ts',
    from: 'await host.startWatching(run.ref);',
    to: 'await host.startWatching(run.ref);\n      await host.startWatching(run.ref);',
    test: workflow('test/replay/replay.test.ts', 'recorded histories replay against'),
  },
  {
    promise: 'janitor',
    without: 'what terminated runs left is looked for',
    file: 'workers/wiring/janitor.ts',
    from: '...(await sweepRuns(context, { orphans, search: search(), fates, stack })),',
    to: '',
    test: stack('test/stack/janitor.test.ts', 'a run that was terminated is cleared away'),
  },
  {
    promise: 'own cost',
    without: 'our own processes are sampled like the target’s',
    file: 'workers/wiring/watch.ts',
    from: "join(context.places.base, 'processes'),\n      context.places.workers,\n      context.heldTable(run).folder,",
    to: '',
    test: stack('test/stack/janitor.test.ts', 'a run that was terminated is told from one'),
  },
  {
    promise: 'schedules',
    without: 'what still goes on is not started a second time',
    file: 'workers/wiring/schedules.ts',
    from: "overlap: 'SKIP'",
    to: "overlap: 'ALLOW_ALL'",
    test: stack('test/stack/control.test.ts', 'a schedule'),
  },
];
