/** Scrapes every gateway instance. Names of jobs and labels are those that the dashboards use. */
export function renderPrometheus(gatewayPorts: readonly number[], prometheusPort: number): string {
  const gateways = gatewayPorts.map(
    (port, index) => `      - targets: ['127.0.0.1:${port}']
        labels: { role: 'gateway-${index + 1}' }`,
  );
  return `# Made by soakwave; written anew whenever the stack is provisioned.
global:
  scrape_interval: 5s
  scrape_timeout: 4s

scrape_configs:
  - job_name: gateway
    static_configs:
${gateways.join('\n')}
  - job_name: prometheus
    static_configs:
      - targets: ['127.0.0.1:${prometheusPort}']
        labels: { role: 'prometheus' }
`;
}
