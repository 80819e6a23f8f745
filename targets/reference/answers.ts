import * as z from 'zod';

/** The answers of the reference gateway; strict, so that a shape that changed is noticed. */
export const ToolAnswer = z.strictObject({
  id: z.int().positive(),
  name: z.string(),
  description: z.string(),
  scope: z.enum(['private', 'team', 'global']),
  ownerId: z.int().positive(),
  teamId: z.int().positive().nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type ToolAnswer = z.infer<typeof ToolAnswer>;

export const ToolListAnswer = z.strictObject({ tools: z.array(ToolAnswer) });
export const ExportAnswer = z.strictObject({ tools: z.array(ToolAnswer), missing: z.array(z.int()) });

export const MembersAnswer = z.strictObject({
  members: z.array(
    z.strictObject({
      userId: z.int().positive(),
      name: z.string(),
      email: z.string(),
      role: z.enum(['owner', 'administrator', 'member']),
    }),
  ),
});

export const UsageAnswer = z.strictObject({
  timeframeDays: z.int(),
  usage: z.array(
    z.strictObject({
      teamId: z.int().positive(),
      calls: z.number().positive(),
      failures: z.number().nonnegative(),
      latencyMsMean: z.number().nonnegative(),
    }),
  ),
});

const partial = {
  gateways: z.int().nonnegative(),
  partial: z.boolean(),
  failedGateways: z.array(z.int().positive()),
};

export const FederatedToolsAnswer = z.strictObject({
  ...partial,
  tools: z.array(
    z.strictObject({
      name: z.string(),
      description: z.string(),
      gatewayId: z.int().positive(),
      region: z.string(),
    }),
  ),
});

export const AggregateAnswer = z.strictObject({
  ...partial,
  regions: z.array(
    z.strictObject({
      region: z.string(),
      gateways: z.int().positive(),
      answered: z.int().nonnegative(),
      tools: z.int().nonnegative(),
    }),
  ),
  usage: z.strictObject({
    timeframeDays: z.int(),
    calls: z.number().nonnegative(),
    failures: z.number().nonnegative(),
    latencyMsMean: z.number().nonnegative(),
  }),
});
