import { describe, expect, it } from 'vitest';
import { failures, nonRetryableFailures } from './failures.ts';

describe('the catalogue of failures', () => {
  // Recorded histories and people's retry policies refer to these: a name may be added, never changed or used for something else.
  it('keeps its names and whether trying again can help', () => {
    expect(Object.fromEntries(Object.entries(failures).map(([name, { retryable }]) => [name, retryable]))).toEqual({
      InvalidInput: false,
      PreflightFailed: false,
      StackBusy: false,
      BranchedRun: false,
      PlanMissing: false,
      ForeignData: false,
      EvidenceRefused: false,
      StackFailed: true,
      SeedFailed: true,
      EngineFailed: true,
      StoreUnavailable: true,
      StepFailed: true,
    });
  });

  it('tells Temporal exactly which not to retry', () => {
    expect(nonRetryableFailures).toEqual([
      'InvalidInput',
      'PreflightFailed',
      'StackBusy',
      'BranchedRun',
      'PlanMissing',
      'ForeignData',
      'EvidenceRefused',
    ]);
  });
});
