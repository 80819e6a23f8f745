import { check, sleep } from 'k6';
import http from 'k6/http';
export const options = { thresholds: { http_req_duration: ['p(95)<1000'], checks: ['rate>0.99'] } };
export default function browse() {
  const list = http.get(`${__ENV.SOAKWAVE_BASE_URL}/v1/tools?limit=50`, { tags: { name: '/v1/tools' } });
  check(list, { 'a list of tools': (answer) => answer.status === 200 && answer.body.includes('nothing') });
  http.post(`${__ENV.SOAKWAVE_BASE_URL}/v1/tools`, '{}', { tags: { name: '/v1/tools' }, timeout: '200ms' });
  sleep(0.3);
}
