import { hash32, integerBelow } from '#model/random.ts';
import { encodeTools, type Tool, toolColumns } from '../tool.ts';
import { type Defect, type DefectOptions, everySoOften } from './defect.ts';

const foreignQuery = `
  SELECT ${toolColumns} FROM gateway.tools t
   WHERE t.scope = 'team' AND t.team_id <> $1
     AND NOT EXISTS (SELECT FROM gateway.server_tools st JOIN gateway.team_servers ts USING (server_id)
                      WHERE st.tool_id = t.id AND ts.team_id = $1)
   ORDER BY t.id LIMIT 20`;

/** Puts a tool of another team into a team's list now and then, as a filter that is left out on one path does. */
export function scopeLeak({ amount, seed }: DefectOptions): Defect {
  const isLeaky = everySoOften(amount, seed);
  let leaked = 0;
  return {
    catalog: (catalog, database) => ({
      ...catalog,
      async teamTools(teamId, limit, includePrivate) {
        const bytes = await catalog.teamTools(teamId, limit, includePrivate);
        if (!isLeaky()) return bytes;
        const foreign = await database.rows<Tool>('scope-leak', foreignQuery, [teamId]);
        const one = foreign[integerBelow(hash32(seed, (leaked += 1)), foreign.length)];
        if (one === undefined) return bytes;
        const { tools } = JSON.parse(bytes.toString()) as { tools: Tool[] };
        return encodeTools([...tools, one].sort((a, b) => a.id - b.id));
      },
    }),
  };
}
