/** The six regions of federated gateways (R4.2). */
export const regions = ['us-east', 'us-west', 'eu-central', 'eu-west', 'ap-south', 'ap-east'] as const;
export type Region = (typeof regions)[number];

/** Gateways count from 1 and are dealt round robin, so that 100 of them are 17, 17, 17, 17, 16, 16. */
export function regionOfGateway(gatewayId: number): Region {
  return regions[(gatewayId - 1) % regions.length] ?? regions[0];
}
