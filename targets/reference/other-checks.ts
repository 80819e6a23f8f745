import type { CheckFailure, Operation } from '#model/operation.ts';
import type { Population } from '#model/population.ts';
import { regionOfGateway } from '#model/region.ts';
import type * as z from 'zod';
import { failure, type Findings } from './findings.ts';
import type { AggregateAnswer, FederatedToolsAnswer, MembersAnswer, UsageAnswer } from './answers.ts';

type Of<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;

/** Exactly the team's members, up to the limit. */
export function checkMembers(
  { teamId, limit }: Of<'team-members'>,
  population: Population,
  { members }: z.infer<typeof MembersAnswer>,
): Findings {
  const failures: CheckFailure[] = [];
  const expected = Math.min(limit, population.teamSize(teamId));
  if (new Set(members.map(({ userId }) => userId)).size !== members.length || members.length !== expected) {
    failures.push(
      failure('shape', `team ${teamId} was answered with ${members.length} members instead of ${expected}`),
    );
  }
  for (const { userId } of members) {
    if (population.isMember(userId, teamId)) continue;
    failures.push(failure('scope', `user ${userId} was listed in team ${teamId}, of which it is no member`));
  }
  return { failures };
}

/** Usage of teams that exist, most calls first, for the days asked about. */
export function checkUsage(
  { timeframeDays, limit }: Of<'team-usage'>,
  { plan }: Population,
  answer: z.infer<typeof UsageAnswer>,
): Findings {
  const failures: CheckFailure[] = [];
  if (answer.timeframeDays !== timeframeDays) failures.push(failure('shape', 'the usage is of another time frame'));
  if (answer.usage.length > limit) failures.push(failure('shape', `more than ${limit} teams were answered`));
  if (answer.usage.some(({ teamId }) => teamId > plan.teams))
    failures.push(failure('shape', 'an unknown team has usage'));
  const calls = answer.usage.map((team) => team.calls);
  if (calls.some((count, index) => count > (calls[index - 1] ?? Infinity))) {
    failures.push(failure('shape', 'teams are not in descending order of calls'));
  }
  const callsMax = plan.tools * Math.min(timeframeDays, plan.metricsRetentionDays) * plan.metricsPerToolDay;
  if (calls.reduce((sum, count) => sum + count, 0) > callsMax) {
    failures.push(failure('shape', `more than the ${callsMax} calls were counted that there can be`));
  }
  return { failures };
}

/** Tools of gateways in the regions asked for only, none of them from a gateway that is named as failed. */
export function checkFederated(
  { regions, limit }: Of<'federated-tools'>,
  { plan }: Population,
  answer: z.infer<typeof FederatedToolsAnswer>,
): Findings {
  const failures = checkPartial(answer);
  if (answer.tools.length > limit) failures.push(failure('shape', `more than ${limit} tools were answered`));
  const expected = gatewaysIn(plan.gateways, regions);
  if (answer.gateways !== expected) {
    failures.push(failure('shape', `${answer.gateways} gateways were asked instead of ${expected}`));
  }
  const failed = new Set(answer.failedGateways);
  for (const { gatewayId, region, name } of answer.tools) {
    if (region !== regionOfGateway(gatewayId) || !regions.includes(region) || failed.has(gatewayId)) {
      failures.push(
        failure('shape', `tool ${name} of gateway ${gatewayId} in ${region} does not belong in the answer`),
      );
    }
  }
  return { failures, partial: answer.partial };
}

/** Every gateway is counted once, as answered or as failed. */
export function checkAggregate(
  { timeframeDays }: Of<'federation-aggregate'>,
  { plan }: Population,
  answer: z.infer<typeof AggregateAnswer>,
): Findings {
  const failures = checkPartial(answer);
  const gateways = answer.regions.reduce((sum, region) => sum + region.gateways, 0);
  const answered = answer.regions.reduce((sum, region) => sum + region.answered, 0);
  if (answer.gateways !== plan.gateways || gateways !== plan.gateways) {
    failures.push(failure('shape', `${gateways} gateways were aggregated instead of ${plan.gateways}`));
  }
  if (answered + answer.failedGateways.length !== gateways) {
    failures.push(
      failure('shape', `${answered} gateways answered and ${answer.failedGateways.length} failed, of ${gateways}`),
    );
  }
  if (answer.usage.timeframeDays !== timeframeDays)
    failures.push(failure('shape', 'the usage is of another time frame'));
  return { failures, partial: answer.partial };
}

function checkPartial(answer: { partial: boolean; failedGateways: number[] }): CheckFailure[] {
  if (answer.partial === answer.failedGateways.length > 0) return [];
  return [failure('shape', 'the answer does not say rightly whether it is partial')];
}

function gatewaysIn(gateways: number, regions: readonly string[]): number {
  let count = 0;
  for (let gatewayId = 1; gatewayId <= gateways; gatewayId += 1) {
    if (regions.includes(regionOfGateway(gatewayId))) count += 1;
  }
  return count;
}
