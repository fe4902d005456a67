// What the image holds, built without Docker by the Dockerfile's own scripts, and used as a container would be: by its
// user, without rights, its root read-only.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { validate } from "dockerfile-utils";
import { program, run } from "../cluster.mjs";
import { end, freePort } from "../services.mjs";

const root = join(import.meta.dirname, "../..");
const binary = process.env.PYK8S_LAB_BIN ?? join(root, "target/debug/pyk8s-lab");
const rootfs = join(root, "tools/image/rootfs");
const text = readFileSync(join(root, "Dockerfile"), "utf8");
/** Instructions of the last stage, each on one line. */
const last = text.replace(/\\\n\s*/g, "").split(/^FROM /m).at(-1).split("\n").slice(1);
const instruction = (name) => last.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
const environment = Object.fromEntries(instruction("ENV")[0].split(" ").map((word) => word.split("=")));
let folder, built, data, running;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "pyk8s-lab-image-"));
  data = join(folder, "data");
  mkdirSync(data);
  built = join(folder, "root");
  run(rootfs, ["build", built, dirname(binary)], { timeout: 600_000, stdio: ["ignore", "pipe", "inherit"] });
});

after(async () => {
  if (running) await end(running);
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A container's environment and nothing else. */
const env = (more = {}) => ({ PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...environment, ...more });
const inside = (words, more) => run(rootfs, ["run", built, data, "--", ...words], { env: env(more) });

test("every program in it starts, and finds its libraries", () => {
  assert.match(inside(["pyk8s-lab", "--version"]), /^pyk8s-lab \d+\.\d+\.\d+ \([0-9a-f]{7,}\)/);
  assert.match(inside(["pyk8s", "--version"]), /^pyk8s /);
  assert.match(inside(["kubectl", "version", "--client"]), /v1\./);
  assert.match(inside(["helm", "version", "--short"]), /^v/);
  for (const name of ["kwokctl", "kwok", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]) {
    assert.match(inside(["sh", "-ec", `$(find /opt/kube -name ${name}) --version`]), /\d+\.\d+\.\d+/, name);
  }
  assert.doesNotMatch(inside(["sh", "-c", "ldd /usr/local/bin/pyk8s-lab /usr/bin/curl /usr/bin/tini"]), /not found/);
});

test("it is somebody without rights, who can write to the data directory and /tmp only", () => {
  assert.equal(inside(["id", "-u"]).trim(), "10001");
  assert.match(inside(["cat", "/proc/self/status"]), /^CapEff:\s+0+$/m);
  assert.match(inside(["sh", "-c", "touch /usr/x /etc/x /opt/kube/x 2>&1; touch /tmp/x /var/lib/pyk8s-lab/x && echo written"]), /(.*Read-only file system\n){3}written/);
  assert.deepEqual(instruction("USER"), ["10001:10001"], "as the Dockerfile says");
  assert.match(inside(["grep", "lab", "/etc/passwd"]), /^lab:x:10001:10001:/);
});

test("doctor finds that clusters can be made, and says why the other providers can't", () => {
  const said = inside(["pyk8s-lab", "doctor"]);
  assert.match(said, /^kwok\s+yes\s+Kubernetes v1\./m);
  assert.match(said, /^vcluster\s+no\s+there is no host Kubernetes/m);
});

test("the container's own command serves, is healthy by its HEALTHCHECK, and makes a cluster", async () => {
  const port = await freePort();
  const [entrypoint, command] = [instruction("ENTRYPOINT"), instruction("CMD")].map(([words]) => JSON.parse(words));
  const settings = { LISTEN_ADDR: `127.0.0.1:${port}`, PROVIDER: "kwok" };
  running = spawn(rootfs, ["run", built, data, "--", ...entrypoint, ...command], {
    env: env(settings), stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [running.stdout, running.stderr]) stream.on("data", (words) => { log += words; });
  const check = (at) => JSON.parse(instruction("HEALTHCHECK")[0].split("CMD ")[1].replace(":8080/", `:${at}/`));
  for (let tries = 0; ; tries += 1) {
    try {
      inside(check(port));
      break;
    } catch (error) {
      assert.ok(tries < 50 && running.exitCode === null, `${error.message}\n${log}`);
      await sleep(200);
    }
  }
  assert.throws(() => inside(check(1)), "a server that is not there is not healthy");

  const call = async (path, { token, ...options } = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      ...options, body: options.body && JSON.stringify(options.body),
      headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    });
    const words = await answer.text();
    assert.ok(answer.ok, `${path}: ${answer.status} ${words}\n${log}`);
    return words;
  };
  const who = { email: "ada@example.org", password: "correct horse battery" };
  await call("/users/register", { method: "POST", body: who });
  const { access_token: token } = JSON.parse(await call("/auth/token", { method: "POST", body: who }));
  const { id } = JSON.parse(await call("/clusters", { method: "POST", body: { name: "demo" }, token }));
  for (let tries = 0; ; tries += 1) {
    const now = JSON.parse(await call(`/clusters/${id}`, { token }));
    if (now.status === "RUNNING") break;
    assert.ok(now.status !== "ERROR" && tries < 600, `${now.error_message}\n${log}`);
    await sleep(100);
  }
  const file = join(folder, "kubeconfig.yaml");
  writeFileSync(file, await call(`/clusters/${id}/kubeconfig`, { token }), { mode: 0o600 });
  assert.match(run(program("kubernetes", "kubectl"), ["--kubeconfig", file, "get", "nodes"]), /Ready/);
  await call(`/clusters/${id}`, { method: "DELETE", token });
  for (let tries = 0; JSON.parse(await call("/clusters", { token })).length > 0; tries += 1) {
    assert.ok(tries < 300, log);
    await sleep(100);
  }
  await end(running, "SIGTERM");
});

test("the Dockerfile is well-formed, and copies nothing that .dockerignore leaves out", () => {
  const problems = validate(text, { instructionJSONInSingleQuotes: 2 }).filter(({ severity }) => severity === 1);
  assert.deepEqual(problems.map(({ message, range }) => `${range.start.line + 1}: ${message}`), []);
  const kept = readFileSync(join(root, ".dockerignore"), "utf8").split("\n").filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  const sources = [...text.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, words]) => words.split(" ").slice(0, -1));
  for (const source of sources) {
    assert.ok(existsSync(join(root, source)), source);
    assert.ok(kept.some((entry) => source === entry || source.startsWith(`${entry}/`)), `${source} reaches the builder`);
  }
});

test("the build takes a commit where there is no repository, and all stages are of one Debian and one Rust", () => {
  assert.match(text, /PYK8S_COMMIT=\$\{PYK8S_COMMIT\} cargo build --release --locked/);
  assert.match(readFileSync(join(root, "build.rs"), "utf8"), /env::var\("PYK8S_COMMIT"\)/);
  const manifest = readFileSync(join(root, "Cargo.toml"), "utf8");
  const of = (name) => manifest.match(new RegExp(`^${name} = "(.+)"$`, "m"))[1];
  assert.match(text, new RegExp(`^FROM rust:${of("rust-version")}-`, "m"));
  assert.deepEqual(instruction("ARG").find((line) => line.startsWith("VERSION=")), `VERSION=${of("version")}`);
  for (const label of ["title", "source", "licenses", "version", "revision"]) assert.match(instruction("LABEL")[0], new RegExp(`org\\.opencontainers\\.image\\.${label}=`));
});

test("an assembly that lacks a component says what gets it", () => {
  const out = join(folder, "out");
  cpSync(binary, join(folder, "bin/pyk8s-lab"));
  cpSync(binary, join(folder, "bin/pyk8s"));
  mkdirSync(join(folder, "kube"));
  assert.throws(() => run(join(root, "tools/image/assemble"), [out, join(folder, "bin"), join(folder, "kube"), "helm"]), /helm is not in .*tools\/kube\/install --only helm/);
});
