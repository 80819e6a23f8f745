import { describe, expect, it } from 'vitest';
import { peers } from './bench-tools.ts';

describe('what the peers say of themselves', () => {
  it('is understood of wrk, with its failures', () => {
    const said = `Running 2s test @ http://127.0.0.1/
  Latency Distribution
     50%   67.00us
     75%    1.66ms
     99%    1.25s
  76342 requests in 2.10s, 16.82MB read
  Socket errors: connect 1, read 2, write 0, timeout 3
  Non-2xx or 3xx responses: 10
Requests/sec:  36369.68
Transfer/sec:      8.01MB`;
    const found = peers.wrk.read(said);
    expect(found).toEqual({ requests: 76_342, failed: 16, requestsPerSecond: 36_369.68, p50Ms: 0.067, p99Ms: 1_250 });
    expect(() => peers.wrk.read('unable to connect')).toThrow('unexpected');
  });

  it('is understood of autocannon, by its good answers', () => {
    const said = `{"duration":2,"errors":1,"non2xx":2,"2xx":3000,"latency":{"p50":0,"p99":5},"more":{}}`;
    const found = peers.autocannon.read(said);
    expect(found).toEqual({ requests: 3_000, failed: 3, requestsPerSecond: 1_500, p50Ms: 0, p99Ms: 5 });
  });

  it('is understood of k6', () => {
    const said = JSON.stringify({
      http_reqs: { values: { count: 1_000, rate: 500 } },
      http_req_failed: { values: { rate: 0.1, passes: 100, fails: 900 } },
      http_req_duration: { values: { med: 0.3, 'p(99)': 11 } },
    });
    expect(peers.k6.read(`\n${said}\n`)).toEqual({ requests: 900, failed: 100, requestsPerSecond: 450, p50Ms: 0.3, p99Ms: 11 }); // prettier-ignore
  });

  it('is understood of Locust, percentiles by whole milliseconds', () => {
    const said = JSON.stringify([
      {
        ...{ start_time: 100, last_request_timestamp: 102, num_requests: 101, num_failures: 1 },
        response_times: { '10': 1, '9': 50, '2': 50 },
      },
    ]);
    const found = peers['locust-http'].read(`noise\n${said}\n`);
    expect(found).toEqual({ requests: 100, failed: 1, requestsPerSecond: 50, p50Ms: 9, p99Ms: 9 });
  });
});
