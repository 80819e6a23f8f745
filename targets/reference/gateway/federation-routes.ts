import { regions as allRegions } from '#model/region.ts';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './api-parts.ts';
import { daysOf, limitSchema, objectSchema, timeframeSchema } from './api-schemas.ts';
import type { PeerAnswer } from './federation.ts';
import { refusal } from './refusal.ts';

const regionsSchema = { type: 'string', minLength: 1, maxLength: 200, default: 'all' } as const;

/** What other gateways offer. Those that failed are named, and the answer says that it is partial (R4.4). */
export function addFederationRoutes(api: FastifyInstance, { federation, analytics, principals }: ApiParts): void {
  api.get<{ Querystring: { regions: string; limit: number } }>(
    '/federation/tools',
    {
      schema: {
        summary: 'Tools of the gateways in some regions (comma-separated, or `all`)',
        querystring: objectSchema({ regions: regionsSchema, limit: limitSchema(1_000) }),
      },
    },
    async ({ query, caller }) => {
      await principals.of(caller.userId);
      const answers = await federation.ask(regionsIn(query.regions));
      return { ...summary(answers), tools: answers.flatMap(({ tools }) => tools ?? []).slice(0, query.limit) };
    },
  );

  api.get<{ Querystring: { regions: string; include_metrics: boolean; timeframe: string } }>(
    '/federation/aggregate',
    {
      schema: {
        summary: 'Gateways and tools by region, with usage if asked',
        querystring: objectSchema({
          regions: regionsSchema,
          include_metrics: { type: 'boolean', default: false },
          timeframe: timeframeSchema,
        }),
      },
    },
    async ({ query, caller }) => {
      await principals.of(caller.userId);
      const [answers, usage] = await Promise.all([
        federation.ask(regionsIn(query.regions)),
        query.include_metrics ? analytics.totals(daysOf(query.timeframe)) : undefined,
      ]);
      return { ...summary(answers), regions: byRegion(answers), ...(usage && { usage }) };
    },
  );
}

function regionsIn(text: string): ReadonlySet<string> {
  if (text === 'all') return new Set(allRegions);
  const regions = new Set(text.split(','));
  const known: readonly string[] = allRegions;
  for (const region of regions) if (!known.includes(region)) throw refusal(400, `there is no region ${region}`);
  return regions;
}

function summary(answers: readonly PeerAnswer[]) {
  const failedGateways = answers.filter(({ tools }) => tools === undefined).map(({ peer }) => peer.gatewayId);
  return { gateways: answers.length, partial: failedGateways.length > 0, failedGateways };
}

function byRegion(answers: readonly PeerAnswer[]) {
  return allRegions
    .map((region) => {
      const here = answers.filter(({ peer }) => peer.region === region);
      const answered = here.flatMap(({ tools }) => (tools ? [tools.length] : []));
      const tools = answered.reduce((sum, count) => sum + count, 0);
      return { region, gateways: here.length, answered: answered.length, tools };
    })
    .filter(({ gateways }) => gateways > 0);
}
