// A PostgreSQL of its own in a temporary folder, and connections to it: the simple query protocol is small, and so the
// measurement needs no package. https://www.postgresql.org/docs/15/protocol-message-formats.html

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
/** Where build/postgres.sh unpacks PostgreSQL if the system has none. */
const FETCHED = join(ROOT, "target/tools/postgres");

/** The server refuses to run as root, so root runs it as the user that the package made. */
const DROP = process.getuid() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];

/** The folder of the programs, and the environment that they need. */
function findPrograms() {
  const output = { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };
  const folder = execFileSync(join(ROOT, "build/postgres.sh"), [], output).trim();
  if (!folder.startsWith(FETCHED)) return { folder, env: process.env };
  const libraries = readdirSync(join(FETCHED, "usr/lib")).filter((name) => name.includes("-linux-"));
  const path = libraries.map((name) => join(FETCHED, "usr/lib", name)).join(":");
  return { folder, env: { ...process.env, LD_LIBRARY_PATH: path } };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server whose commits reach the disk, on loopback, and on the processors that are listed, if any. */
export class Server {
  static async start(processors) {
    const server = new Server();
    server.home = mkdtempSync(join(tmpdir(), "keyhold-scale-"));
    if (DROP.length > 0) execFileSync("chown", ["postgres:postgres", server.home]);
    server.port = await freePort();
    const data = join(server.home, "data");
    const { folder, env } = findPrograms();
    const create = [...DROP, join(folder, "initdb"), "--auth=trust", "--username=keyhold", "--pgdata", data];
    execFileSync(create[0], create.slice(1), { stdio: ["ignore", "ignore", "inherit"], cwd: "/", env });
    const settings = {
      port: server.port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      max_connections: 200,
      // Its pages and its checkpoints must not be part of a statement's time.
      autovacuum: "off",
      max_wal_size: "4GB",
      track_wal_io_timing: "on",
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const bound = processors === undefined ? [] : ["taskset", "--cpu-list", processors];
    const [command, ...rest] = [...bound, ...DROP, join(folder, "postgres"), "-D", data, ...flags];
    server.process = spawn(command, rest, { stdio: "ignore", cwd: "/", env });
    server.ended = new Promise((resolve) => server.process.once("exit", resolve));
    for (let attempt = 0; ; attempt += 1) {
      try {
        const first = await server.connect();
        server.version = (await first.query("SHOW server_version"))[0][0];
        first.close();
        return server;
      } catch (error) {
        if (attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  connect() {
    return Connection.open(this.port);
  }

  async stop() {
    this.process.kill("SIGINT");
    await this.ended;
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** A connection; its queries wait for each other. */
export class Connection {
  /** Called for each notification, with its channel. */
  notified = () => {};
  #socket;
  #input = Buffer.alloc(0);
  #rows = [];
  #error;
  #answer;
  #last = Promise.resolve();

  static async open(port) {
    const connection = new Connection();
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    connection.#socket = socket;
    const ready = connection.#next();
    socket.on("error", (error) => connection.#answer?.reject(error));
    // A server that starts or stops sends an error and closes.
    socket.on("close", () => connection.#answer?.reject(connection.#error ?? new Error("the connection was closed")));
    socket.on("data", (data) => connection.#receive(data));
    const parameters = Buffer.from("user\0keyhold\0database\0postgres\0\0");
    const head = Buffer.alloc(8);
    head.writeInt32BE(head.length + parameters.length, 0);
    head.writeInt32BE(196_608, 4);
    socket.write(Buffer.concat([head, parameters]));
    await ready;
    return connection;
  }

  /** Runs statements and returns the rows of all of them, as text. */
  query(sql) {
    const result = this.#last.then(() => {
      const answer = this.#next();
      const text = Buffer.from(`${sql}\0`);
      const head = Buffer.alloc(5);
      head.write("Q");
      head.writeInt32BE(4 + text.length, 1);
      this.#socket.write(Buffer.concat([head, text]));
      return answer;
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /** The time on a processor that the server's process of this connection has had, in microseconds. */
  processorTime() {
    return Number(readFileSync(`/proc/${this.pid}/schedstat`, "utf8").split(" ")[0]) / 1000;
  }

  close() {
    this.#socket.end(Buffer.from("X\0\0\0\x04", "latin1"));
  }

  #next() {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
  }

  #receive(data) {
    this.#input = Buffer.concat([this.#input, data]);
    while (this.#input.length >= 5) {
      const end = 1 + this.#input.readInt32BE(1);
      if (this.#input.length < end) return;
      this.#handle(String.fromCharCode(this.#input[0]), this.#input.subarray(5, end));
      this.#input = this.#input.subarray(end);
    }
  }

  #handle(type, body) {
    if (type === "K") this.pid = body.readInt32BE(0);
    else if (type === "D") this.#rows.push(columns(body));
    else if (type === "E") this.#error = new Error(body.toString("utf8").replaceAll("\0", " "));
    else if (type === "A") this.notified(body.subarray(4, body.indexOf(0, 4)).toString());
    else if (type === "Z") {
      const [rows, error, answer] = [this.#rows, this.#error, this.#answer];
      [this.#rows, this.#error] = [[], undefined];
      if (error) answer.reject(error);
      else answer.resolve(rows);
    }
  }
}

function columns(body) {
  const values = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString("utf8", at, at + length));
    at += Math.max(length, 0);
  }
  return values;
}
