// The lab on PostgreSQL and Redis, each figure beside a bare actix handler's on the same query, in one run.
// Usage: node tests/bench/production.mjs [seconds]
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { postgres, redis } from "../services.mjs";

const binary = process.env.PYK8S_LAB_BIN ?? "target/release/pyk8s-lab";
const bareBinary = process.env.BARE_BIN ?? "target/release/examples/bare";
const seconds = Number(process.argv[2] ?? 5);
const CLIENTS = 1000, EVENTS = 50;
const folder = mkdtempSync(join(tmpdir(), "pyk8s-lab-bench-"));
chmodSync(folder, 0o755);
const who = { email: "bench@example.org", password: "correct horse battery" };
const started = [];

async function open(program, args, env) {
  const server = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  started.push(server);
  return new Promise((resolve, reject) => {
    server.stdout.on("data", (text) => resolve(String(text).match(/open at (\S+)\//)[1]));
    server.on("exit", (code) => reject(new Error(`${program} ended with ${code}`)));
  });
}

async function call(url, method, path, body, token) {
  const answer = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.headers.get("content-type")?.includes("json") ? answer.json() : null;
}

/** Requests a second, by wrk with 16 connections. */
function perSecond(url, headers = [], body) {
  const args = ["-t1", "-c16", `-d${seconds}s`, ...headers.flatMap((header) => ["-H", header])];
  if (body) {
    const script = join(folder, "post.lua");
    writeFileSync(script, `wrk.method = "POST"\nwrk.body = ${JSON.stringify(JSON.stringify(body))}\nwrk.headers["content-type"] = "application/json"\n`);
    args.push("-s", script);
  }
  const done = spawnSync("wrk", [...args, url], { encoding: "utf8" });
  if (done.status !== 0) throw done.error ?? new Error(done.stderr);
  if (/Non-2xx/.test(done.stdout)) throw new Error(`${url}: ${done.stdout}`);
  return Number(done.stdout.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}

/** Milliseconds from the request that makes an event until each of 1,000 clients has heard it. */
async function untilHeard(socketUrl, publish) {
  const late = [];
  let sent, waiting, all;
  const sockets = [];
  for (let batch = 0; batch < CLIENTS; batch += 50) {
    sockets.push(...await Promise.all(Array.from({ length: 50 }, () => new Promise((resolve, reject) => {
      const socket = new WebSocket(socketUrl, { perMessageDeflate: false });
      socket.on("open", () => resolve(socket));
      socket.on("error", reject);
      socket.on("message", () => {
        late.push(performance.now() - sent);
        if (--waiting === 0) all();
      });
    }))));
  }
  for (let event = 0; event < EVENTS; event += 1) {
    const heard = new Promise((resolve) => { all = resolve; });
    waiting = CLIENTS;
    sent = performance.now();
    await publish(event);
    await heard;
  }
  sockets.forEach((socket) => socket.terminate());
  late.sort((a, b) => a - b);
  const at = (share) => late[Math.floor(late.length * share)];
  return { p50: at(0.5), p99: at(0.99) };
}

try {
  const database = await postgres(join(folder, "postgres"));
  const bus = await redis(join(folder, "redis"));
  started.push(database.server, bus.server);
  // Tools that never end: clusters to list that nobody has to make.
  const kube = join(folder, "kube");
  for (const path of ["kwok-v0.8.0/kwokctl", "kwok-v0.8.0/kwok", "etcd-v3.6.16/etcd", "kubernetes-v1.37.2/kube-apiserver", "kubernetes-v1.37.2/kube-controller-manager", "kubernetes-v1.37.2/kube-scheduler"]) {
    mkdirSync(join(kube, path, ".."), { recursive: true });
    writeFileSync(join(kube, path), "#!/bin/sh\nexec sleep 6000\n", { mode: 0o755 });
  }
  const env = {
    DATABASE_URL: database.url, REDIS_URL: bus.url, DATA_DIR: join(folder, "lab"), KUBE_BIN_DIR: kube,
    LISTEN_ADDR: "127.0.0.1:0", RATE_LIMIT_AUTH: "0", MAX_CLUSTERS_PER_USER: "50", MAX_TTL_HOURS: "1000",
    PROVIDER_TIME_LIMIT: "3600", RUST_LOG: "error,kube_client=off",
    SECRET_KEY: "c2VjcmV0IG9mIHRoZSBiZW5jaCwgMzIgYnl0ZXMgbG9uZw", ENCRYPTION_KEY: "s8eUdJMgJTrwcr5MVwGe2FO3rIFmpBbSqyNl9Kd4cDo=",
  };
  const lab = await open(binary, ["serve"], env);
  const other = await open(binary, ["serve"], env);
  const bare = await open(bareBinary, [database.url], {});

  const { id: user } = await call(lab, "POST", "/api/v1/users/register", who);
  const { access_token: token } = await call(lab, "POST", "/api/v1/auth/token", who);
  const ids = [];
  for (let number = 0; number < 20; number += 1) {
    ids.push((await call(lab, "POST", "/api/v1/clusters", { name: `list-${number}` }, token)).id);
  }
  // RUNNING on a host of no server here: nothing happens to them any more.
  const moved = spawnSync("psql", ["-qc", "UPDATE clusters SET status = 'RUNNING', step = NULL, host = 'elsewhere'", database.url], { encoding: "utf8" });
  if (moved.status !== 0) throw moved.error ?? new Error(moved.stderr);
  await new Promise((resolve) => setTimeout(resolve, 6000));
  const against = (what, ours, theirs) =>
    console.log(`${what}: ${ours.toFixed(0)}/s, bare handler ${theirs.toFixed(0)}/s: ${(ours / theirs).toFixed(2)} ×`);
  perSecond(`${bare}/list/${user}`);
  against("list of 20 clusters, authenticated", perSecond(`${lab}/api/v1/clusters`, [`authorization: Bearer ${token}`]), perSecond(`${bare}/list/${user}`));
  against("login", perSecond(`${lab}/api/v1/auth/token`, [], who), perSecond(`${bare}/login`, [], who));

  const ours = await untilHeard(`${other.replace("http", "ws")}/ws?token=${token}`, () => call(lab, "POST", `/api/v1/clusters/${ids[19]}/extend`, { hours: 1 }, token));
  const theirs = await untilHeard(`${bare.replace("http", "ws")}/ws`, (event) => fetch(`${bare}/publish`, { method: "POST", body: JSON.stringify({ event, payload: "x".repeat(300) }) }));
  const ms = (value) => `${value.toFixed(1)} ms`;
  console.log(`event on one replica to ${CLIENTS} clients of another: p50 ${ms(ours.p50)}, p99 ${ms(ours.p99)}; bare handler, one process, nothing kept: p50 ${ms(theirs.p50)}, p99 ${ms(theirs.p99)}; p99 ${(ours.p99 / theirs.p99).toFixed(2)} ×`);
} finally {
  for (const server of started.reverse()) server.kill("SIGKILL");
  spawnSync("pkill", ["-9", "-f", `${folder}/`]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
