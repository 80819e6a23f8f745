/** JSON schemas of requests and answers: they refuse bad input with 400, write the answers, and are what `/openapi.json` publishes. */
export const idSchema = { type: 'integer', minimum: 1, maximum: 0x7fff_ffff } as const;
export const limitSchema = (max: number) => ({ type: 'integer', minimum: 1, maximum: max, default: 50 }) as const;

export const idParams = { type: 'object', required: ['id'], properties: { id: idSchema } } as const;

export const objectSchema = <Properties extends Record<string, unknown>>(
  properties: Properties,
  required: readonly (keyof Properties & string)[] = [],
) => ({ type: 'object', additionalProperties: false, required, properties }) as const;

const text = { type: 'string' } as const;
const integer = { type: 'integer' } as const;

export const toolSchema = objectSchema(
  {
    id: integer,
    name: text,
    description: text,
    scope: { type: 'string', enum: ['private', 'team', 'global'] },
    ownerId: integer,
    teamId: { type: 'integer', nullable: true },
    createdAt: { type: 'string', format: 'date-time' },
    updatedAt: { type: 'string', format: 'date-time' },
  },
  ['id', 'name', 'description', 'scope', 'ownerId', 'teamId', 'createdAt', 'updatedAt'],
);

export const toolListSchema = objectSchema({ tools: { type: 'array', items: toolSchema } }, ['tools']);

export const toolName = { type: 'string', minLength: 1, maxLength: 200 } as const;
export const toolDescription = { type: 'string', maxLength: 4_000 } as const;

/** `90d`: days of history. */
export const timeframeSchema = { type: 'string', pattern: '^[1-9][0-9]{0,3}d$', default: '30d' } as const;
export const daysOf = (timeframe: string): number => Number(timeframe.slice(0, -1));
