/**
 * Rows one after the other. `advance` fills `row`, the same object every time, and says whether there was one, also
 * when asked again after the last: hundreds of millions of rows make no garbage.
 *
 * Fields: users id, email, name · teams id, ownerId, kind, name · memberships teamId, userId, role (0 owner,
 * 1 administrator, 2 member) · tools id, ownerId, teamId, scope, name, description, createdAt · servers id, name ·
 * serverTools serverId, toolId · teamServers teamId, serverId · gateways id, name, region, pattern · gatewayPeers
 * gatewayId, peerId · usageMetrics at, toolId, latencyMs, ok. Times are milliseconds since the epoch.
 */
export interface RowCursor {
  readonly row: Readonly<Record<string, unknown>>;
  advance(): boolean;
}
