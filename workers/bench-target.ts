import * as z from 'zod';
import { createPopulation } from '#model/population.ts';
import { PopulationPlan } from '#model/population-plan.ts';
import { serveStandIn } from '#targets/reference/stand-in-server.ts';
import { readChildOptions } from './wiring/environment.ts';

/** What `soak bench load` drives behaviours against: the reference API from memory, until it is told to end. */
const options = readChildOptions(
  'SOAK_BENCH_TARGET',
  z.strictObject({ port: z.int().positive(), population: PopulationPlan }),
);
await serveStandIn(createPopulation(options.population), options.port);
process.once('SIGTERM', () => process.exit(0));
