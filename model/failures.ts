/**
 * Every failure that crosses Temporal, by name. Names are stable and never reused; tests pin them.
 * `retryable: false` ends the step at once: trying again cannot help.
 */
export const failures = {
  InvalidInput: { retryable: false, means: 'the input names something that does not exist or has a wrong type' },
  PreflightFailed: { retryable: false, means: 'this machine cannot hold the plan; the message lists every problem' },
  StackBusy: { retryable: false, means: 'another run holds the stack; the message names it' },
  BranchedRun: { retryable: false, means: '`workflow reset` made a second branch of one run key' },
  PlanMissing: { retryable: false, means: 'the stored plan is gone or is not the one that the workflow carries' },
  ForeignData: { retryable: false, means: 'the database holds rows of another plan' },
  EvidenceRefused: {
    retryable: false,
    means: 'evidence is damaged, or of a newer version; the message says what to do, and nothing was deleted',
  },
  StackFailed: { retryable: true, means: 'a part of the stack did not become ready' },
  SeedFailed: { retryable: true, means: 'seeding did not reconcile, or its database was not reachable' },
  EngineFailed: { retryable: true, means: 'an engine could not be started or adopted' },
  StoreUnavailable: { retryable: true, means: 'the evidence store did not answer in time' },
  StepFailed: { retryable: true, means: 'a step failed for a reason that is not in this catalogue' },
} as const satisfies Record<string, { retryable: boolean; means: string }>;
export type FailureName = keyof typeof failures;

export const nonRetryableFailures = Object.entries(failures)
  .filter(([, { retryable }]) => !retryable)
  .map(([name]) => name);
