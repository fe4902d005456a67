// tools/kube/install, driven from outside: a local HTTP server stands for the release sites,
// and a script called `go` for the compiler.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const root = join(import.meta.dirname, "../..");
const script = join(root, "tools/kube/install");
const linux = process.platform === "linux";
const needsLinux = linux ? {} : { skip: "these components have no release downloads for this system" };
const arch = { x64: "amd64" }[process.arch] ?? process.arch;

const pinned = (file, module) =>
  readFileSync(join(root, "tools/kube", file), "utf8").match(new RegExp(`^(?:\\t|require )${module} (v\\S+)`, "m"))[1];
const kubernetes = pinned("go.mod", "k8s.io/kubernetes");
const kwok = pinned("go.mod", "sigs.k8s.io/kwok");
const etcd = pinned("etcd/go.mod", "go.etcd.io/etcd/server/v3");
const helm = pinned("helm/go.mod", "helm.sh/helm/v4");
const kind = pinned("kind/go.mod", "sigs.k8s.io/kind");
const kubernetesBinaries = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];

const unreachable = "http://127.0.0.1:1";
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

let dir, bin, site, asked, routes, running;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "kube-install-"));
  bin = join(dir, "bin");
  mkdirSync(join(dir, "path"));
  running = [];
  routes = {}; // path → a body, or a function of the response
  asked = [];
  site = createServer((request, response) => {
    asked.push(request.url);
    const route = routes[request.url];
    if (route === undefined) response.writeHead(404).end();
    else if (typeof route === "function") route(response);
    else response.end(route);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
});

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  site.closeAllConnections();
  site.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Starts the installer; `ended` resolves to its exit status and what it said. */
function start(args, env = {}) {
  const base = `http://127.0.0.1:${site.address().port}`;
  const child = spawn(script, args, {
    env: {
      ...process.env,
      PATH: `${join(dir, "path")}:${process.env.PATH}`,
      KUBE_BIN_DIR: bin,
      KUBERNETES_RELEASES: base,
      ETCD_RELEASES: base,
      KWOK_RELEASES: base,
      KWOK_RELEASE_INFO: `${base}/info`,
      HELM_RELEASES: base,
      KIND_RELEASES: base,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  const run = { child, output: "" };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (run.output += data));
  run.ended = once(child, "close").then(([code, signal]) => ({ code, signal, output: run.output }));
  return run;
}
const install = (args, env) => start(args, env).ended;

/** A `go` that notes its arguments in a file and runs `body` (bash), where $out is the file to make. */
function fakeGo(body, version = "go1.99.0") {
  const file = join(dir, "path/go");
  writeFileSync(file, `#!/usr/bin/env bash
if [[ $1 == env ]]; then echo ${version}; exit; fi
printf '%s\\n' "$*" >> "${dir}/go.log"
while (($#)); do if [[ $1 == -o ]]; then out=$2; fi; shift; done
${body}
`);
  chmodSync(file, 0o755);
}
const goCalls = () => (existsSync(join(dir, "go.log")) ? readFileSync(join(dir, "go.log"), "utf8").trim().split("\n") : []);

const installed = (folder, name) => join(bin, folder, name);
/** Everything in the directory but the lock: what a failed or interrupted run must not add to. */
const contents = () => (existsSync(bin) ? readdirSync(bin, { recursive: true }).filter((name) => name !== ".lock") : []);

function publishKubernetes() {
  for (const name of kubernetesBinaries) {
    const path = `/${kubernetes}/bin/linux/${arch}/${name}`;
    routes[path] = `#!/bin/sh\necho ${name}\n`;
    routes[`${path}.sha256`] = sha256(routes[path]);
  }
}

async function until(condition, what) {
  for (let tries = 0; tries < 200; tries++) {
    if (condition()) return;
    await sleep(50);
  }
  assert.fail(`did not happen within 10 s: ${what}`);
}

test("--print-dir prints the directory, by KUBE_BIN_DIR, XDG_CACHE_HOME or HOME", async () => {
  const print = async (env) => (await install(["--print-dir"], env)).output;
  assert.equal(await print(), `${bin}\n`);
  assert.equal(await print({ KUBE_BIN_DIR: "", XDG_CACHE_HOME: "/x" }), "/x/pyk8s-lab/kube\n");
  assert.equal(await print({ KUBE_BIN_DIR: "", XDG_CACHE_HOME: "", HOME: "/h" }), "/h/.cache/pyk8s-lab/kube\n");
});

test("--print-kubectl prints where the kubectl of the clusters is", async () => {
  assert.equal((await install(["--print-kubectl"])).output, `${installed(`kubernetes-${kubernetes}`, "kubectl")}\n`);
});

test("what is cached is neither downloaded nor compiled", async () => {
  fakeGo("exit 1");
  for (const [folder, names] of [
    [`kubernetes-${kubernetes}`, kubernetesBinaries], [`kwok-${kwok}`, ["kwok", "kwokctl"]], [`etcd-${etcd}`, ["etcd"]],
  ]) {
    mkdirSync(join(bin, folder), { recursive: true });
    for (const name of names) writeFileSync(installed(folder, name), "", { mode: 0o755 });
  }
  const { code, output } = await install([]);
  assert.equal(code, 0, output);
  assert.equal(output.match(/: cached$/gm).length, 7, output);
  assert.deepEqual([asked, goCalls()], [[], []]);
});

test("Kubernetes is downloaded with its checksums", needsLinux, async () => {
  fakeGo("exit 1");
  publishKubernetes();
  const { code, output } = await install(["--only", "kubernetes"]);
  assert.equal(code, 0, output);
  for (const name of kubernetesBinaries) {
    const file = installed(`kubernetes-${kubernetes}`, name);
    assert.equal(execFileSync(file, { encoding: "utf8" }), `${name}\n`);
    assert.equal(statSync(file).mode & 0o777, 0o755);
  }
  assert.match(output, /\[2\/4\] kube-controller-manager v\S+: downloading http/);
  assert.equal(contents().length, 5, "one folder with four files");
});

test("kwok is downloaded, its checksum read from GitHub's description of the release", async () => {
  const os = process.platform;
  const names = ["kwok", "kwokctl"].map((name) => `${name}-${os}-${arch}`);
  for (const name of names) routes[`/${kwok}/${name}`] = `I am ${name}`;
  routes[`/info/${kwok}`] = JSON.stringify({
    name: kwok,
    assets: [...names, "another"].map((name) => ({
      url: "http://x/1", name, label: "", uploader: { login: "bot", id: 1 }, size: 1,
      digest: `sha256:${sha256(`I am ${name}`)}`, browser_download_url: `http://x/${name}`,
    })),
  }, null, 2);
  const { code, output } = await install(["--only", "kwok"]);
  assert.equal(code, 0, output);
  assert.equal(readFileSync(installed(`kwok-${kwok}`, "kwok"), "utf8"), `I am ${names[0]}`);
  assert.equal(readFileSync(installed(`kwok-${kwok}`, "kwokctl"), "utf8"), `I am ${names[1]}`);
});

test("etcd is unpacked from its release archive", needsLinux, async () => {
  const name = `etcd-${etcd}-linux-${arch}`;
  mkdirSync(join(dir, name));
  writeFileSync(join(dir, name, "etcd"), "I am etcd");
  writeFileSync(join(dir, name, "README"), "not wanted");
  routes[`/${etcd}/${name}.tar.gz`] = execFileSync("tar", ["-cz", "-C", dir, name]);
  routes[`/${etcd}/SHA256SUMS`] =
    `${sha256("other")}  etcd-${etcd}-windows.zip\n${sha256(routes[`/${etcd}/${name}.tar.gz`])}  ${name}.tar.gz\n`;
  const { code, output } = await install(["--only", "etcd"]);
  assert.equal(code, 0, output);
  assert.equal(readFileSync(installed(`etcd-${etcd}`, "etcd"), "utf8"), "I am etcd");
  assert.deepEqual(contents().sort(), [`etcd-${etcd}`, `etcd-${etcd}/etcd`]);
});

test("helm is unpacked from its release archive, and kind is taken as it is", async () => {
  const os = process.platform;
  mkdirSync(join(dir, `${os}-${arch}`));
  writeFileSync(join(dir, `${os}-${arch}`, "helm"), "I am helm");
  const archive = `/helm-${helm}-${os}-${arch}.tar.gz`;
  routes[archive] = execFileSync("tar", ["-cz", "-C", dir, `${os}-${arch}`]);
  routes[`${archive}.sha256sum`] = `${sha256(routes[archive])}  helm.tar.gz\n`;
  const binary = `/${kind}/kind-${os}-${arch}`;
  routes[binary] = "I am kind";
  routes[`${binary}.sha256sum`] = `${sha256(routes[binary])}  kind-${os}-${arch}\n`;
  const { code, output } = await install(["--only", "helm", "--only", "kind"]);
  assert.equal(code, 0, output);
  assert.match(output, /\[2\/2\] kind/);
  assert.equal(readFileSync(installed(`helm-${helm}`, "helm"), "utf8"), "I am helm");
  assert.equal(readFileSync(installed(`kind-${kind}`, "kind"), "utf8"), "I am kind");
});

test("a wrong checksum ends the run: nothing is left and nothing compiled", needsLinux, async () => {
  fakeGo('echo built > "$out"');
  publishKubernetes();
  routes[`/${kubernetes}/bin/linux/${arch}/kube-apiserver`] = "tampered with";
  const { code, output } = await install([]);
  assert.equal(code, 1, output);
  assert.match(output, /kube-apiserver.*WRONG CHECKSUM/);
  assert.match(output, /--from-source/, "says a way on");
  assert.deepEqual([contents(), goCalls()], [[], []]);
});

test("a download without a published checksum is not used", needsLinux, async () => {
  fakeGo('echo built > "$out"');
  publishKubernetes();
  routes[`/${kubernetes}/bin/linux/${arch}/kube-apiserver.sha256`] = "<html>Please log in</html>";
  const { code, output } = await install(["--only", "kubernetes"]);
  assert.equal(code, 0, output);
  assert.match(output, /no download \(.* has no SHA-256 for kube-apiserver\)/);
  assert.equal(readFileSync(installed(`kubernetes-${kubernetes}`, "kube-apiserver"), "utf8"), "built\n");
});

test("where no release site can be reached, everything is compiled at the pinned versions", async () => {
  fakeGo('echo built > "$out"');
  const sites = ["KUBERNETES_RELEASES", "ETCD_RELEASES", "KWOK_RELEASES", "KWOK_RELEASE_INFO"];
  const { code, output } = await install([], Object.fromEntries(sites.map((name) => [name, unreachable])));
  assert.equal(code, 0, output);
  const calls = goCalls();
  assert.equal(calls.length, 7);
  const call = (name) => calls.find((line) => line.endsWith(name));
  const [, minor] = kubernetes.split(".");
  assert.match(call("k8s.io/kubernetes/cmd/kube-apiserver"), /^build -C \S+\/tools\/kube -trimpath -ldflags -s -w /);
  for (const stamp of [
    `k8s.io/component-base/version.gitVersion=${kubernetes}`, "k8s.io/component-base/version.gitMajor=1",
    `k8s.io/component-base/version.gitMinor=${minor}`, `k8s.io/client-go/pkg/version.gitVersion=${kubernetes}`,
  ]) assert.ok(call("cmd/kubectl").includes(` -X ${stamp}`), stamp);
  assert.ok(call("sigs.k8s.io/kwok/cmd/kwokctl").includes(`-X sigs.k8s.io/kwok/pkg/consts.Version=${kwok}`));
  assert.match(call("go.etcd.io/etcd/server/v3"), /build -C \S+\/tools\/kube\/etcd /);
  assert.equal(readFileSync(installed(`etcd-${etcd}`, "etcd"), "utf8"), "built\n");
  assert.equal(output.match(/no download/g).length, linux ? 3 : 2, "one attempt a site, not one a binary");
});

test("a failing compiler's own words are shown, and what it wrote is thrown away", async () => {
  fakeGo('echo half > "$out"; echo "no such module" >&2; exit 1');
  const { code, output } = await install(["--from-source", "--only", "etcd"]);
  assert.equal(code, 1);
  assert.match(output, /no such module\n.*compiling failed/s);
  assert.deepEqual(contents(), []);
});

test("a Go that is too old is named, with what to do", async () => {
  fakeGo("exit 1", "go1.19.8");
  const { code, output } = await install(["--from-source", "--only", "kwok"]);
  assert.equal(code, 1);
  assert.match(output, /needs Go 1\.\d+\.\d+ or newer, and \S+\/go is 1\.19\.8\. Install Go/);
  assert.deepEqual(goCalls(), []);
});

test("a missing Go is named, with what to do", async () => {
  const tools = ["awk", "bash", "cat", "cut", "dirname", "flock", "grep", "head", "mkdir", "mktemp", "rm", "sleep", "sort", "tail", "tr", "uname"];
  for (const tool of tools) {
    const [found] = (process.env.PATH ?? "").split(":").map((folder) => join(folder, tool)).filter(existsSync);
    if (found) writeFileSync(join(dir, "path", tool), `#!/bin/sh\nexec ${found} "$@"\n`, { mode: 0o755 });
  }
  const { code, output } = await install(["--only", "kwok"], { PATH: join(dir, "path") });
  assert.equal(code, 1);
  assert.match(output, /no download \(curl is not installed\)/);
  assert.match(output, /needs Go, which is not on PATH\. Install Go \S+ or newer/);
});

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]]) {
  test(`${signal} in the middle of a download leaves nothing, and the next run goes on`, needsLinux, async () => {
    publishKubernetes();
    const slow = `/${kubernetes}/bin/linux/${arch}/kube-scheduler`;
    const whole = routes[slow];
    let closed = false;
    routes[slow] = (response) => {
      response.write(whole.slice(0, 5)); // and the rest never comes
      response.on("close", () => (closed = true));
    };
    const run = start(["--only", "kubernetes"]);
    await until(() => asked.includes(slow), "the slow download begins");
    await sleep(200);
    run.child.kill(signal);
    const { code, output } = await run.ended;
    assert.equal(code, status, output);
    assert.match(output, /interrupted; nothing half-done is left/);
    await until(() => closed, "curl is gone");
    const folder = `kubernetes-${kubernetes}`;
    assert.deepEqual(contents().sort(), [folder, `${folder}/kube-apiserver`, `${folder}/kube-controller-manager`]);

    routes[slow] = whole;
    const again = await install(["--only", "kubernetes"]);
    assert.equal(again.code, 0, again.output);
    assert.match(again.output, /kube-apiserver v\S+: cached/);
    assert.equal(readFileSync(installed(folder, "kube-scheduler"), "utf8"), whole);
  });
}

test("SIGINT in the middle of compiling ends the compiler and its children and leaves nothing", async () => {
  fakeGo(`echo half > "$out"; sleep 300 & echo $! > "${dir}/grandchild"; wait`);
  const run = start(["--from-source", "--only", "etcd"]);
  await until(() => existsSync(join(dir, "grandchild")), "go is at work");
  await sleep(200);
  const grandchild = Number(readFileSync(join(dir, "grandchild"), "utf8"));
  run.child.kill("SIGINT");
  const { code, output } = await run.ended;
  assert.equal(code, 130, output);
  assert.deepEqual(contents(), []);
  await until(() => !existsSync(`/proc/${grandchild}/cmdline`) || !alive(grandchild), "the compiler's child ends");
});

test("what a killed run left behind is no binary, and the next run clears it away", needsLinux, async () => {
  fakeGo('echo half > "$out"; exec sleep 300');
  const run = start(["--from-source", "--only", "etcd"]);
  await until(() => goCalls().length === 1, "go is at work");
  run.child.kill("SIGKILL");
  await run.ended;
  assert.ok(!existsSync(installed(`etcd-${etcd}`, "etcd")));
  fakeGo('echo built > "$out"');
  const again = await install(["--from-source", "--only", "etcd"]);
  assert.equal(again.code, 0, again.output);
  assert.deepEqual(contents().sort(), [`etcd-${etcd}`, `etcd-${etcd}/etcd`]);
});

test("of two runs at once one works and the other waits for it", needsLinux, async () => {
  fakeGo('sleep 1; echo built > "$out"');
  const runs = [start(["--from-source", "--only", "kwok"]), start(["--from-source", "--only", "kwok"])];
  const ended = await Promise.all(runs.map((run) => run.ended));
  for (const { code, output } of ended) assert.equal(code, 0, output);
  assert.equal(goCalls().length, 2, "each binary is compiled once");
  assert.equal(ended.filter(({ output }) => output.includes("another run is at work")).length, 1);
  assert.equal(contents().length, 3);
});

test("an unknown component or argument is refused with a word on what is known", async () => {
  const component = await install(["--only", "docker"]);
  assert.equal(component.code, 1);
  assert.match(component.output, /--only takes kubernetes, kwok, etcd, helm, kind or node, not 'docker'/);
  const argument = await install(["--nonsense"]);
  assert.equal(argument.code, 1);
  assert.match(argument.output, /Usage:.*unknown argument: --nonsense/s);
});

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
