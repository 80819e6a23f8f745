import * as z from 'zod';
import { defectsMax, PlantedDefect } from '#model/defect.ts';
import { regions } from '#model/region.ts';

/** A federated gateway: the MCP endpoint of a peer and where it stands. */
export const Peer = z.strictObject({
  gatewayId: z.int().positive(),
  url: z.url(),
  region: z.enum(regions),
});
export type Peer = z.infer<typeof Peer>;

/** Defects that are planted (R5.1), with the seed of their choices; nothing for a gateway as it should be. */
const GatewayDefects = z.strictObject({
  planted: z.array(PlantedDefect).max(defectsMax).optional(),
  seed: z.int().nonnegative().optional(),
});

/** Everything that one gateway instance needs; travels as JSON. */
export const GatewayOptions = z.strictObject({
  /** 0 takes a free one. */
  port: z.int().min(0).max(65_535),
  /** Name of this instance, told in `x-gateway-instance`. */
  instance: z.string().min(1).max(64),
  databaseUrl: z.string().min(1),
  redisUrl: z.string().min(1),
  /** Holds the key that signs bearer tokens. */
  secretFile: z.string().min(1),
  peers: z.array(Peer).max(200),
  l1BytesMax: z.int().positive(),
  databasePoolMax: z.int().positive().max(1_000),
  /** A peer that has not answered by then has failed. */
  federationTimeoutMs: z.int().positive().max(60_000).default(3_000),
  /** All garbage is collected so often, for a run that has minutes to see what is kept; absent: when V8 sees fit. */
  collectEveryMs: z.int().min(100).optional(),
  defects: GatewayDefects.default({}),
});
export type GatewayOptions = z.infer<typeof GatewayOptions>;
