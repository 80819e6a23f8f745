const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Load is refused against a host that is neither loopback nor on the list (R9.2). Entries are host names or
 * `host:port`. Throws; nothing has been sent by then.
 */
export function allowedOrigin(baseUrl: string, allowedHosts: readonly string[]): string {
  const { origin, hostname, host, protocol } = new URL(baseUrl);
  if (protocol !== 'http:' && protocol !== 'https:') throw new Error(`${baseUrl} is not an HTTP address`);
  if (loopback.test(hostname) || allowedHosts.includes(hostname) || allowedHosts.includes(host)) return origin;
  throw new Error(
    `${host} is not on the list of hosts that load may be sent to: ${allowedHosts.join(', ') || 'empty'}`,
  );
}
