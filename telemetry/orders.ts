import * as z from 'zod';

const role = z.string();

const Probe = z.strictObject({
  role,
  url: z.url(),
  series: z
    .array(
      z
        .strictObject({
          name: z.string(),
          labels: z.exactOptional(z.record(z.string(), z.string()).readonly()),
          metric: z.string(),
          optional: z.exactOptional(z.string()),
        })
        .readonly(),
    )
    .max(200)
    .readonly(),
});

/** A server that is asked over its own protocol; its samples are those of the process that plays `role`. */
const Server = z.strictObject({ role, url: z.string() });

/** The `payload` of a sampler's desired.json: everything that is sampled, and how often. */
export const SamplerOrders = z.strictObject({
  intervalMs: z.int().min(50),
  spoolFolder: z.string(),
  /** Process tables whose processes are sampled; read anew at every tick, so that restarts are seen. */
  tables: z.array(z.string()).max(8),
  /** Must be alive and sampled before load starts. */
  roles: z.array(role).max(256),
  /** Sampled together with their children, as one series: PostgreSQL's backends are not incarnations (design §4). */
  trees: z.array(role).max(32),
  /** The target's own metrics (`Target.probes`). */
  probes: z.array(Probe).max(128),
  postgres: z.exactOptional(Server),
  redis: z.exactOptional(Server),
  /** `url` of stub_status. */
  nginx: z.exactOptional(Server),
  /** The machine itself is sampled too, with the disk of `spoolFolder`. */
  machine: z.exactOptional(z.literal(true)),
});
export type SamplerOrders = z.infer<typeof SamplerOrders>;
