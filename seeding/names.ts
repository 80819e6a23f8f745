// The whole package would load seventy languages, which costs each process more than its own code does.
import { faker } from '@faker-js/faker/locale/en';
import { createHash, shuffled } from '#model/random.ts';

/** Draws from Faker before what is drawn no longer grows. */
const draws = 3_000;

/** What load searches for (R3.1), so that searches find something; the rest is what tools are about in practice. */
const topics = [
  ...['weather', 'translate', 'calculate', 'format', 'analyze'],
  ...['calendar', 'convert', 'deploy', 'extract', 'forecast', 'geocode', 'index', 'invoice', 'monitor', 'notify'],
  ...['query', 'rank', 'schedule', 'summarize', 'transcribe', 'validate'],
];

export interface Names {
  person(userId: number): { name: string; email: string };
  team(teamId: number): string;
  tool(toolId: number): { name: string; description: string };
  server(serverId: number): string;
}

/**
 * Realistic names (R2.1), composed by index from small Faker vocabularies: calling Faker for each row would be most of
 * the work of seeding. Equal seeds and versions of Faker give equal names.
 */
export function createNames(seed: number): Names {
  faker.seed(seed);
  const vocabulary = (draw: () => string): string[] => {
    const words = new Set<string>();
    for (let drawn = 0; drawn < draws; drawn += 1) words.add(draw());
    return shuffled([...words].sort(), seed);
  };
  /** Which of so many words an id has; `purpose` keeps choices for one id apart. */
  const choice = (purpose: number, words: number): ((id: number) => number) => {
    const hash = createHash(seed, purpose);
    return (id) => hash(id) % words;
  };
  const chosen = (purpose: number, words: readonly string[]): ((id: number) => string) => {
    const index = choice(purpose, words.length);
    return (id) => words[index(id)] ?? '';
  };
  const firstNames = vocabulary(() => faker.person.firstName());
  const lastNames = vocabulary(() => faker.person.lastName());
  const [firstSlugs, lastSlugs] = [firstNames.map(slug), lastNames.map(slug)];
  const [firstOf, lastOf] = [choice(1, firstNames.length), choice(2, lastNames.length)];
  const companies = vocabulary(() => faker.company.name());
  const [companyOfTeam, companyOfTool] = [chosen(3, companies), chosen(8, companies)];
  const jobOf = chosen(
    4,
    vocabulary(() => faker.person.jobArea()),
  );
  const topicOf = chosen(5, topics);
  const nounOf = chosen(
    6,
    vocabulary(() => faker.hacker.noun()),
  );
  const adjectiveOf = chosen(
    7,
    vocabulary(() => faker.hacker.adjective()),
  );
  const cityOf = chosen(
    9,
    vocabulary(() => faker.location.city()),
  );

  return {
    person: (userId) => {
      const [first, last] = [firstOf(userId), lastOf(userId)];
      return {
        name: `${firstNames[first] ?? ''} ${lastNames[last] ?? ''}`,
        email: `${firstSlugs[first] ?? ''}.${lastSlugs[last] ?? ''}.${userId}@example.com`,
      };
    },
    team: (teamId) => `${companyOfTeam(teamId)} ${jobOf(teamId)}`,
    tool: (toolId) => {
      const [topic, noun] = [topicOf(toolId), nounOf(toolId)];
      return {
        name: `${topic}-${slug(noun)}-${toolId}`,
        description: `${capitalised(topic)} the ${adjectiveOf(toolId)} ${noun} of ${companyOfTool(toolId)}.`,
      };
    },
    server: (serverId) => `${slug(cityOf(serverId))}-${serverId}`,
  };
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
