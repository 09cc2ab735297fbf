// The nginx that Keyhold is compared with: a static file, alone, behind `auth_basic`, and behind `auth_request` to a
// constant answer and to Keyhold.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { SERVER, SERVERS } from "./machine.mjs";
import { folder } from "./paths.mjs";
import { freePort, Server } from "./programs.mjs";

const PASSWORD = "correct horse battery staple";

/** Starts nginx in front of a Keyhold and returns the targets; `credentials` is a good key's header. */
export async function startNginx(keyhold, credentials) {
  const home = folder("nginx");
  const ports = { file: await freePort(), basic: await freePort(), constant: await freePort() };
  Object.assign(ports, { byConstant: await freePort(), byKeyhold: await freePort() });
  const sha = createHash("sha1").update(PASSWORD).digest("base64");
  writeFileSync(join(home, "users"), `ada:{SHA}${sha}\n`);
  writeFileSync(join(home, "index.html"), "ok\n");
  writeFileSync(join(home, "nginx.conf"), configuration(home, ports, new URL(keyhold.url).host));
  // Logs to this file from the start: the compiled-in path may not be writable.
  const log = join(home, "error.log");
  const nginx = new Server(SERVER, "nginx", ["-p", home, "-e", log, "-c", join(home, "nginx.conf")]);
  await nginx.answers(url(ports.file));
  const password = Buffer.from(`ada:${PASSWORD}`).toString("base64");
  const target = (name, port, authorization) => ({ name, url: url(port), headers: { authorization }, status: 200 });
  return {
    nginx,
    targets: {
      file: target("nginx, no guard", ports.file, credentials),
      basic: target("nginx, auth_basic", ports.basic, `Basic ${password}`),
      byConstant: target("nginx, auth_request to nginx's constant answer", ports.byConstant, credentials),
      byKeyhold: target("nginx, auth_request to Keyhold", ports.byKeyhold, credentials),
    },
    /** Whether a bad key is rejected, which shows that the guard works. */
    refuses: async (bad) => (await fetch(url(ports.byKeyhold), { headers: { authorization: bad } })).status === 401,
  };
}

function url(port) {
  return `http://127.0.0.1:${port}/`;
}

function configuration(home, ports, keyhold) {
  const guarded = (port, upstream) => `
  server {
    listen 127.0.0.1:${port};
    location / {
      auth_request /guard;
    }
    location = /guard {
      internal;
      proxy_pass http://${upstream}/verify?gateway=nginx;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_http_version 1.1;
    }
  }`;
  return `
${process.getuid() === 0 ? "user root;" : ""}
worker_processes ${SERVERS};
daemon off;
pid ${home}/pid;
error_log ${home}/error.log;
events {
  worker_connections 4096;
}
http {
  root ${home};
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${home}/body;
  proxy_temp_path ${home}/proxy;
  fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi;
  scgi_temp_path ${home}/scgi;
  upstream constant {
    server 127.0.0.1:${ports.constant};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  upstream keyhold {
    server ${keyhold};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${ports.file};
  }
  server {
    listen 127.0.0.1:${ports.basic};
    auth_basic "bench";
    auth_basic_user_file ${home}/users;
  }
  server {
    listen 127.0.0.1:${ports.constant};
    location / {
      return 204;
    }
  }
${guarded(ports.byConstant, "constant")}
${guarded(ports.byKeyhold, "keyhold")}
}
`;
}
