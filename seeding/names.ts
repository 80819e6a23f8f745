import { en, Faker } from '@faker-js/faker';
import { hash32, shuffled } from '#model/random.ts';

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
  const faker = new Faker({ locale: en, seed });
  const vocabulary = (draw: () => string): string[] => {
    const words = new Set<string>();
    for (let drawn = 0; drawn < draws; drawn += 1) words.add(draw());
    return shuffled([...words].sort(), seed);
  };
  const firstNames = vocabulary(() => faker.person.firstName());
  const lastNames = vocabulary(() => faker.person.lastName());
  const companies = vocabulary(() => faker.company.name());
  const jobs = vocabulary(() => faker.person.jobArea());
  const nouns = vocabulary(() => faker.hacker.noun());
  const adjectives = vocabulary(() => faker.hacker.adjective());
  const cities = vocabulary(() => faker.location.city());
  const pick = (words: readonly string[], hash: number): string => words[hash % words.length] ?? '';

  return {
    person: (userId) => {
      const first = pick(firstNames, hash32(seed, 1, userId));
      const last = pick(lastNames, hash32(seed, 2, userId));
      return { name: `${first} ${last}`, email: `${slug(first)}.${slug(last)}.${userId}@example.com` };
    },
    team: (teamId) => `${pick(companies, hash32(seed, 3, teamId))} ${pick(jobs, hash32(seed, 4, teamId))}`,
    tool: (toolId) => {
      const topic = pick(topics, hash32(seed, 5, toolId));
      const noun = pick(nouns, hash32(seed, 6, toolId));
      const adjective = pick(adjectives, hash32(seed, 7, toolId));
      return {
        name: `${topic}-${slug(noun)}-${toolId}`,
        description: `${capitalised(topic)} the ${adjective} ${noun} of ${pick(companies, hash32(seed, 8, toolId))}.`,
      };
    },
    server: (serverId) => `${slug(pick(cities, hash32(seed, 9, serverId)))}-${serverId}`,
  };
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
