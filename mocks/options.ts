import * as z from 'zod';
import { regions } from '#model/region.ts';

const port = z.int().min(0).max(65_535);

/** What changes while the mocks run; `PUT /scenario` on the admin port replaces any part of it. */
export const MockScenario = z.strictObject({
  /** Told in every answer's `x-test-scenario`. */
  name: z.string().min(1).max(64),
  /** Probability that a call fails (R4.4). */
  failureRate: z.number().min(0).max(1),
  /** Multiplies every latency; the result stays within R4.2's 50–2,000 ms. */
  latencyFactor: z.number().positive().max(100),
});
export type MockScenario = z.infer<typeof MockScenario>;

/** One mocked federated gateway; port 0 takes a free one. */
export const MockGatewayOptions = z.strictObject({
  gatewayId: z.int().positive(),
  port,
  region: z.enum(regions),
});
export type MockGatewayOptions = z.infer<typeof MockGatewayOptions>;

/** Everything that a process of mocks needs; travels as JSON. */
export const MockOptions = z.strictObject({
  adminPort: port,
  seed: z.int().nonnegative(),
  gateways: z.array(MockGatewayOptions).min(1).max(200),
  toolsPerGateway: z.int().min(1).max(10_000).default(20),
  scenario: MockScenario,
});
export type MockOptions = z.infer<typeof MockOptions>;
