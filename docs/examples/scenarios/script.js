// Users of the reference gateway, each with a token of its own. Run it as the load of a wave:
//
//     scripts/soak run smoke --k6 docs/examples/scenarios/script.js
import { check, sleep } from 'k6';
import http from 'k6/http';

export const options = { thresholds: { http_req_duration: ['p(95)<1000'] } };

const identities = open(__ENV.SOAKWAVE_IDENTITIES)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

export default function browse() {
  const { token, teams } = identities[(__VU - 1) % identities.length];
  const headers = { Authorization: `Bearer ${token}` };
  const list = http.get(`${__ENV.SOAKWAVE_BASE_URL}/v1/tools?scope=team:${teams[0]}&limit=50`, {
    headers,
    tags: { name: '/v1/tools?scope=team' },
  });
  check(list, { 'a list of tools': (answer) => answer.status === 200 && Array.isArray(answer.json('tools')) });
  sleep(0.25 + Math.random() / 2);
}
