// Real servers for one run, each on 127.0.0.1 and ended by its own process.
import { spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { createServer, connect } from "node:net";
import { join } from "node:path";

const nobody = 65534;

/** Ports that are free, all different. */
export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
  })));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export const freePort = async () => (await freePorts(1))[0];

async function answers(port) {
  for (let tries = 0; tries < 300; tries += 1) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => { socket.destroy(); resolve(true); });
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing answers on port ${port}`);
}

/** Ends a process and waits for it. */
export async function end(server, signal = "SIGKILL") {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill(signal);
  await ended;
}

/** Has a clean-up run also when the run is interrupted: then no `after` is called. */
export function whateverHappens(cleanUp) {
  process.once("exit", cleanUp);
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]]) {
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(code));
  }
}

export async function postgres(folder) {
  const home = "/usr/lib/postgresql";
  const version = existsSync(home) && readdirSync(home).sort((a, b) => a - b).at(-1);
  const program = (name) => (version ? join(home, version, "bin", name) : name);
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  // It does not run as root.
  const who = process.getuid() === 0 ? { uid: nobody, gid: nobody } : {};
  if (who.uid) chownSync(folder, nobody, nobody);
  const data = join(folder, "data");
  const made = spawnSync(program("initdb"), ["-U", "lab", "--auth=trust", "--no-sync", "-E", "UTF8", "-D", data], { ...who, encoding: "utf8" });
  if (made.status !== 0) throw made.error ?? new Error(made.stderr);
  const server = spawn(program("postgres"), ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", folder], { ...who, stdio: "ignore" });
  whateverHappens(() => server.kill("SIGKILL"));
  await answers(port);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return { server, url: `postgres://lab@127.0.0.1:${port}/postgres`, stop: () => end(server, "SIGQUIT") };
}

export async function redis(folder) {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const server = spawn("redis-server", ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--dir", folder], { stdio: "ignore" });
  whateverHappens(() => server.kill("SIGKILL"));
  await answers(port);
  return { server, url: `redis://127.0.0.1:${port}/`, stop: () => end(server) };
}
