import { type StackPlan } from '#model/stack.ts';

export interface NginxPlace {
  readonly port: number;
  readonly gatewayPorts: readonly number[];
  /** When we are root, workers stay root: they keep their files in our folders, which others may not enter. */
  readonly asRoot: boolean;
}

/**
 * The load balancer's configuration: everything on the loopback, everything in its own folder (`-p`), a dead gateway passed
 * over at once. A refused connection tries the next instance; a request that was sent is repeated only if it is idempotent.
 */
export function renderNginx(plan: Pick<StackPlan, 'cores'>, { port, gatewayPorts, asRoot }: NginxPlace): string {
  const servers = gatewayPorts.map((each) => `    server 127.0.0.1:${each} max_fails=1 fail_timeout=1s;`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `  ${each}_temp_path tmp/${each};`,
  );
  return `# Made by soakwave; written anew whenever the stack is provisioned.
${asRoot ? 'user root;\n' : ''}daemon off;
worker_processes ${Math.min(Math.max(plan.cores, 1), 4)};
worker_rlimit_nofile 65536;
pid nginx.pid;
error_log stderr error;

events {
  worker_connections 16384;
}

http {
  access_log off;
  server_tokens off;
  tcp_nodelay on;
${temporary.join('\n')}
  client_max_body_size 32m;
  client_body_buffer_size 256k;

  upstream gateways {
${servers.join('\n')}
    keepalive 256;
    keepalive_requests 1000000;
    keepalive_timeout 60s;
  }

  server {
    listen 127.0.0.1:${port} backlog=4096;
    # A virtual user keeps its connection for as long as it lives.
    keepalive_timeout 1h;
    keepalive_requests 100000000;

    location = /nginx_status {
      stub_status;
      allow 127.0.0.1;
      deny all;
    }

    location / {
      proxy_pass http://gateways;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_connect_timeout 300ms;
      proxy_send_timeout 60s;
      proxy_read_timeout 60s;
      proxy_next_upstream error timeout;
      proxy_next_upstream_timeout 2s;
      # Long lists stay in memory: spilling them would measure this disk.
      proxy_buffers 64 32k;
      proxy_buffer_size 32k;
      proxy_busy_buffers_size 64k;
      proxy_max_temp_file_size 0;
    }
  }
}
`;
}
