// The chart in a real API server: installed, upgraded, rolled back, uninstalled, by real helm; and the lab that its
// environment makes, with its account. Nodes are simulated: a pod turns Ready, and no container runs in it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, binaries, program, run } from "../cluster.mjs";
import { end, freePort, postgres, redis, whateverHappens } from "../services.mjs";
import { Chart, decoded, documents, environment, root } from "./chart.mjs";

const binary = process.env.PYK8S_LAB_BIN ?? join(root, "target/debug/pyk8s-lab");
const rootfs = join(root, "tools/image/rootfs");
const namespace = "labs";
const account = `system:serviceaccount:${namespace}:lab-pyk8s-lab`;
let folder, cluster, chart, database, bus, arguments_;
const running = [];

const helm = (...args) => chart.helm(...args, "--kubeconfig", cluster.kubeconfig, "--namespace", namespace);
const inLabs = (...args) => cluster.get("--namespace", namespace, ...args);
const find = (kind, name) => inLabs(kind, name);
const keys = () => decoded(find("Secret", "lab-pyk8s-lab"));
const tell = (words) => console.log(`${new Date().toISOString().slice(11, 19)} ${words}`);

/** Every object outside of what an API server makes by itself. */
function everything() {
  const kinds = cluster.kubectl("api-resources", "--verbs=list", "-o", "name").split("\n")
    .filter((kind) => kind && !/^(events|leases|endpoints|nodes|endpointslices|pods\.metrics|componentstatuses)/.test(kind));
  const listed = cluster.kubectl("get", kinds.join(","), "--all-namespaces", "-o", "name", "--ignore-not-found");
  return new Set(listed.trim().split("\n").filter((name) => !/^(apiservice|flowschema|prioritylevel|controllerrevision)/.test(name)));
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "pyk8s-lab-installation-"));
  chmodSync(folder, 0o755); // PostgreSQL is somebody else
  chart = new Chart();
  tell(`dependencies: ${chart.dependencies}`);
  [database, bus] = await Promise.all([postgres(join(folder, "postgres")), redis(join(folder, "redis"))]);
  cluster = await Cluster.make(join(folder, "cluster"));
  tell(`an API server is at ${cluster.server}`);
  cluster.kubectl("create", "namespace", namespace);
  cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/warn=restricted");
  // The image's content stands for the image, and a small chart for vcluster's, which can't be fetched here.
  run(rootfs, ["build", join(folder, "image"), dirname(binary)], { timeout: 600_000 });
  const stands = join(folder, "values.json");
  writeFileSync(stands, JSON.stringify({ vcluster: { chart: "/mnt", repository: "", version: "", values: { rbac: { clusterRole: { enabled: false } }, ...standInValues() } } }));
  arguments_ = ["lab", chart.path, "--values", stands, "--set", "postgres.enabled=false,redis.enabled=false,publicUrl=http://127.0.0.1",
    "--set", `externalDatabase.url=${database.url},externalRedis.url=${bus.url}`, "--wait", "--timeout", "120s"];
  whateverHappens(() => rmSync(folder, { recursive: true, force: true }));
});

after(async () => {
  await Promise.all(running.map((server) => end(server)));
  cluster?.remove();
  await Promise.all([database?.stop(), bus?.stop()]);
  chart?.remove();
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

test("every object is accepted by the server's validation and by the level restricted, with each set of values", () => {
  const wanting = { ServiceMonitor: "of the Prometheus operator", HTTPRoute: "of the Gateway API" };
  for (const set of ["defaults", "external", "existing-secrets", "trial", "everything"]) {
    const objects = documents(chart.text(set)).filter(({ kind }) => !wanting[kind]);
    const file = join(folder, `${set}.json`);
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    // The level speaks by warnings about what makes pods, and kubectl shows them.
    const said = run("sh", ["-c", '"$0" "$@" 2>&1', ...kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "--namespace", namespace, "-f", file)]);
    assert.doesNotMatch(said, /Warning|violate/i, `${set}: ${said}`);
    assert.equal(said.trim().split("\n").length, objects.length, said);
  }
});

const applied = (object) => [kubectl()[0], kubectl("create", "-f", "-").slice(1), { input: JSON.stringify(object) }];

function kubectl(...args) {
  return [program("kubernetes", "kubectl"), "--kubeconfig", cluster.kubeconfig, ...args];
}

let untouched, installedKeys;

test("an installation with external databases comes up, and migrates before its pods", () => {
  untouched = everything();
  helm("install", ...arguments_);
  const { status, spec } = find("Deployment", "lab-pyk8s-lab");
  assert.deepEqual([spec.replicas, status.readyReplicas], [2, 2]);
  installedKeys = keys();
  assert.equal(installedKeys.SECRET_KEY.length, 48);
  assert.equal(Buffer.from(installedKeys.ENCRYPTION_KEY, "base64").length, 32);
  // Hooks that succeeded are gone.
  assert.deepEqual(inLabs("jobs").items, []);
  assert.throws(() => find("Secret", "lab-pyk8s-lab-migrate"));
});

test("the migration Job does its work with the environment that the chart gives it", () => {
  const fromChart = documents(helm("get", "hooks", "lab"));
  const [migrate] = fromChart.find(({ kind }) => kind === "Job").spec.template.spec.containers;
  const env = environment(migrate, (kind, name) => fromChart.find((object) => object.kind === kind && object.metadata.name === name));
  assert.equal(env.DATABASE_URL, database.url);
  const [command, args, options] = contained("migration", migrate, env);
  run(command, args, options);
});

/** How a container is run: in the image's content, with its environment and its mounts, and nothing else. */
function contained(name, container, env, binds = []) {
  const data = join(folder, name);
  mkdirSync(data, { recursive: true });
  const [entrypoint] = readFileSync(join(root, "Dockerfile"), "utf8").match(/^ENTRYPOINT (.+)$/m).slice(1).map((words) => JSON.parse(words));
  return [rootfs, ["run", join(folder, "image"), data, ...binds, "--", ...entrypoint, ...container.args], {
    env: { PATH: process.env.PATH, HOME: "/tmp", KUBE_BIN_DIR: "/opt/kube", DATA_DIR: "/var/lib/pyk8s-lab", ...env },
  }];
}

/** Starts the server as pod number `n` of the Deployment: in the image's content, with the account's token at its place. */
async function serve(n) {
  const pod = inLabs("pods", "-l", "app.kubernetes.io/component=server").items[n];
  const [server] = pod.spec.containers;
  const env = environment(server, find, { "metadata.name": pod.metadata.name });
  const mounted = (place, files) => {
    const at = join(folder, `${place}-${n}`);
    mkdirSync(at);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(at, name), text);
    return at;
  };
  const token = cluster.kubectl("--namespace", namespace, "create", "token", pod.spec.serviceAccountName).trim();
  cluster.kubeconfigOf(token, join(folder, `account-${n}.json`));
  const account = mounted("account", { token, namespace, "ca.crt": cluster.get("--namespace", namespace, "configmap", "kube-root-ca.crt").data["ca.crt"] });
  const files = mounted("files", find("ConfigMap", "lab-pyk8s-lab-files").data);
  const at = new URL(cluster.server);
  // Of what the chart says only this differs: two pods share this machine's addresses.
  env.LISTEN_ADDR = `127.0.0.1:${await freePort()}`;
  const [command, args, options] = contained(pod.metadata.name, server, { ...env, KUBERNETES_SERVICE_HOST: at.hostname, KUBERNETES_SERVICE_PORT: at.port }, [
    "--bind", account, "/run/secrets/kubernetes.io/serviceaccount",
    "--bind", files, "/etc/pyk8s-lab",
    "--bind", join(root, "tests/charts/vcluster"), "/mnt",
  ]);
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  child.log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => { child.log += text; });
  const url = `http://${env.LISTEN_ADDR}`;
  await until(async () => {
    assert.equal(child.exitCode, null, child.log);
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    return answer?.ok;
  }, () => `pod ${n} is ready\n${child.log}`);
  return { child, url, env };
}

/** For the stand-in of vcluster's chart: how the host itself is reached. */
function standInValues() {
  const host = JSON.parse(run(kubectl()[0], ["--kubeconfig", cluster.kubeconfig, "config", "view", "--raw", "--flatten", "-o", "json"]));
  const [{ cluster: at }] = host.clusters;
  const [{ user }] = host.users;
  return { standIn: {
    server: at.server, certificateAuthority: at["certificate-authority-data"],
    clientCertificate: user["client-certificate-data"], clientKey: user["client-key-data"],
  } };
}

async function until(condition, what, tries = 300) {
  for (let n = 0; n < tries; n += 1) {
    if (await condition()) return;
    await sleep(100);
  }
  assert.fail(typeof what === "function" ? what() : what);
}

let servers, call;

test("two replicas are ready, and make a virtual cluster with the chart's own account", async () => {
  servers = [await serve(0), await serve(1)];
  call = async (path, { server = 0, ...options } = {}) => {
    const answer = await fetch(`${servers[server].url}/api/v1${path}`, {
      ...options, headers: { "content-type": "application/json", ...options.headers }, body: options.body && JSON.stringify(options.body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
    return JSON.parse(text || "null");
  };
  const who = { email: "ada@example.org", password: "correct horse battery" };
  await call("/users/register", { method: "POST", body: who });
  const { access_token } = await call("/auth/token", { method: "POST", body: who, server: 1 });
  const headers = { authorization: `Bearer ${access_token}` };
  const providers = await call("/providers", { headers });
  const vcluster = providers.find(({ name }) => name === "vcluster");
  assert.ok(vcluster.available, JSON.stringify(vcluster));
  const started = Date.now();
  const made = await call("/clusters", { method: "POST", body: { name: "demo" }, headers });
  await until(async () => {
    const now = await call(`/clusters/${made.id}`, { headers, server: 1 });
    assert.notEqual(now.status, "ERROR", `${now.error_message}\n${servers.map(({ child }) => child.log).join("\n")}`);
    return now.status === "RUNNING";
  }, () => `the cluster runs\n${servers.map(({ child }) => child.log).join("\n")}`, 900);
  tell(`a virtual cluster was running ${((Date.now() - started) / 1000).toFixed(1)} s after it was asked for`);
  const [host] = cluster.get("namespaces", "-l", "app.kubernetes.io/managed-by=pyk8s-lab").items;
  const name = host.metadata.name;
  assert.match(name, /^lab-/);
  assert.deepEqual(cluster.get("--namespace", name, "rolebindings").items.map(({ metadata }) => metadata.name).sort(), ["pyk8s-lab", `vc-${name}`]);
  assert.equal(cluster.get("--namespace", name, "statefulsets", name).status.readyReplicas, 1);

  await refusals(name, join(folder, "account-0.json"));

  await call(`/clusters/${made.id}`, { method: "DELETE", headers, server: 1 });
  await until(() => cluster.get("namespaces", "-l", "app.kubernetes.io/managed-by=pyk8s-lab").items.length === 0,
    () => `its namespace is gone\n${servers.map(({ child }) => child.log).join("\n")}`, 600);
});

/** What the account may do, and what it is refused: by asking, and by doing. */
async function refusals(own, kubeconfig) {
  const may = (verb, resource, where, ...more) => {
    const place = where ? ["--namespace", where] : ["--all-namespaces"];
    try {
      return run(kubectl()[0], ["--kubeconfig", kubeconfig, "auth", "can-i", verb, resource, ...place, ...more]).trim() === "yes";
    } catch (error) {
      if (/^no/m.test(error.said)) return false;
      throw error;
    }
  };
  for (const resource of ["secrets", "statefulsets.apps", "roles.rbac.authorization.k8s.io", "services"]) {
    assert.ok(may("create", resource, own), `${resource} in its cluster's namespace`);
    for (const where of ["default", "kube-system", namespace]) assert.ok(!may("create", resource, where), `${resource} in ${where}`);
  }
  for (const [verb, resource] of [["get", "secrets"], ["list", "secrets"], ["create", "pods"], ["create", "pods/exec"], ["escalate", "roles.rbac.authorization.k8s.io"],
    ["create", "clusterroles.rbac.authorization.k8s.io"], ["create", "clusterrolebindings.rbac.authorization.k8s.io"], ["impersonate", "users"],
    ["create", "serviceaccounts/token"], ["get", "nodes/proxy"], ["delete", "nodes"], ["patch", "validatingadmissionpolicies.admissionregistration.k8s.io"],
    ["bind", "clusterroles.rbac.authorization.k8s.io/cluster-admin"]]) {
    for (const where of ["kube-system", null]) assert.ok(!may(verb, resource, where), `${verb} ${resource}`);
  }
  const refused = (words, args, input) => assert.throws(() => run(kubectl()[0], ["--kubeconfig", kubeconfig, ...args], { input }), (error) => {
    assert.match(error.said, words, args.join(" "));
    return true;
  });
  const create = (words, object) => refused(words, ["create", "-f", "-"], JSON.stringify(object));
  refused(/forbidden/i, ["get", "secrets", "--namespace", namespace]);
  refused(/forbidden/i, ["get", "secrets", "--namespace", "kube-system"]);
  // What RBAC alone would let it do, the policy refuses.
  await until(() => {
    try {
      run(kubectl()[0], ["--kubeconfig", kubeconfig, "create", "namespace", "somebody", "--dry-run=server"]);
      return false; // policies take some seconds to count
    } catch (error) {
      assert.match(error.said, /namespaces called lab-… only/);
      return true;
    }
  }, "the policy counts");
  refused(/namespaces called lab-… only|is not a lab's/, ["delete", "namespace", namespace]);
  refused(/namespaces called lab-… only|is not a lab's/, ["label", "namespace", "kube-system", "app.kubernetes.io/managed-by=pyk8s-lab"]);
  create(/says so by its label/, { apiVersion: "v1", kind: "Namespace", metadata: { name: "lab-unmarked" } });
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `${namespace}-lab-pyk8s-lab-clusters` };
  const me = [{ kind: "ServiceAccount", name: "lab-pyk8s-lab", namespace }];
  const binding = (where, roleRef) => ({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { name: "mine", namespace: where }, roleRef, subjects: me });
  create(/in the namespaces of its clusters only/, binding("kube-system", role));
  create(/in the namespaces of its clusters only/, binding(namespace, role));
  create(/forbidden/i, binding(own, { ...role, name: "cluster-admin" }));
  create(/forbidden/i, {
    apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "more", namespace: own },
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  });
  // Another's namespace that happens to be called like a cluster.
  cluster.kubectl("create", "namespace", "lab-of-others");
  refused(/is not a lab's/, ["delete", "namespace", "lab-of-others"]);
  create(/in the namespaces of its clusters only/, binding("lab-of-others", role));
  cluster.kubectl("delete", "namespace", "lab-of-others");
}

test("an account without the rights makes the provider say which are missing", async () => {
  cluster.kubectl("--namespace", namespace, "create", "serviceaccount", "poor");
  const token = cluster.kubectl("--namespace", namespace, "create", "token", "poor").trim();
  const env = { ...servers[0].env, VCLUSTER_KUBECONFIG: cluster.kubeconfigOf(token, join(folder, "poor.json")), DATA_DIR: join(folder, "poor"), KUBE_BIN_DIR: binaries };
  const said = run("sh", ["-c", '"$0" doctor || true', binary], { env });
  assert.match(said, /vcluster\s+no\s+the lab's account may not: .*namespaces.*bind clusterroles/);
  assert.match(said, /chart\/templates\/rbac\.yaml/);
  cluster.kubectl("--namespace", namespace, "delete", "serviceaccount", "poor");
});

test("an upgrade keeps the secrets, and the Deployment is available all the time", async () => {
  const watched = spawn(kubectl()[0], kubectl("--namespace", namespace, "get", "deployment", "lab-pyk8s-lab", "--watch", "-o",
    'jsonpath={.status.availableReplicas}{" "}{.status.conditions[?(@.type=="Available")].status}{"\\n"}').slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  running.push(watched);
  let seen = "";
  watched.stdout.on("data", (text) => { seen += text; });
  const before_ = inLabs("pods", "-l", "app.kubernetes.io/component=server").items.map(({ metadata }) => metadata.name);
  await until(() => seen, "the watch begins");
  helm("upgrade", ...arguments_, "--set", "limits.clustersPerUser=7");
  await sleep(500);
  await end(watched);
  assert.deepEqual(keys(), installedKeys);
  assert.equal(find("ConfigMap", "lab-pyk8s-lab").data.MAX_CLUSTERS_PER_USER, "7");
  const now = inLabs("pods", "-l", "app.kubernetes.io/component=server").items.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name);
  assert.ok(now.every((name) => !before_.includes(name)), "new settings are new pods");
  for (const line of seen.trim().split("\n")) {
    const [available, condition] = line.split(" ");
    assert.ok(Number(available) >= 2 && condition === "True", `never fewer than two: ${seen}`);
  }
});

test("an upgrade that changes nothing restarts nothing", () => {
  const generation = () => find("Deployment", "lab-pyk8s-lab").metadata.generation;
  const was = generation();
  helm("upgrade", "lab", chart.path, "--reset-then-reuse-values", "--wait", "--timeout", "120s");
  assert.equal(generation(), was);
  assert.deepEqual(keys(), installedKeys);
});

test("what `helm test` runs finds a lab that is ready", () => {
  // Its pod is simulated here, so its words are run by hand.
  const pod = documents(helm("get", "hooks", "lab")).find(({ metadata }) => metadata.name === "lab-pyk8s-lab-test");
  const [{ command, args }] = pod.spec.containers;
  const words = args[0].replace("http://lab-pyk8s-lab:80", servers[0].url);
  assert.notEqual(words, args[0]);
  assert.match(run(command[0], [...command.slice(1), words]), /"openapi"/);
});

test("a rollback brings the settings back and keeps the secrets", () => {
  helm("rollback", "lab", "1", "--wait", "--timeout", "120s");
  assert.equal(find("ConfigMap", "lab-pyk8s-lab").data.MAX_CLUSTERS_PER_USER, "3");
  assert.deepEqual(keys(), installedKeys);
  assert.equal(find("Deployment", "lab-pyk8s-lab").status.readyReplicas, 2);
});

test("an uninstallation with external databases leaves nothing", async () => {
  await Promise.all(servers.map(({ child }) => end(child, "SIGTERM")));
  helm("uninstall", "lab", "--wait", "--timeout", "120s");
  const left = () => [...everything()].filter((name) => !untouched.has(name));
  await until(() => left().length === 0, () => `left: ${left().join(" ")}`, 50);
});

test("with PostgreSQL and Redis of the chart all comes up, and what opens the database stays with its volume", () => {
  // No cloud is behind this cluster: PostgreSQL's volume is made by hand.
  run(...applied({
    apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "disk" },
    spec: { capacity: { storage: "8Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/nowhere" }, persistentVolumeReclaimPolicy: "Retain" },
  }));
  helm("install", "whole", chart.path, "--wait", "--timeout", "60s");
  for (const name of ["whole-postgres", "whole-redis"]) assert.equal(find("StatefulSet", name).status.readyReplicas, 1);
  assert.equal(find("Deployment", "whole-pyk8s-lab").status.readyReplicas, 2);
  const secrets = () => ["whole-pyk8s-lab", "whole-pyk8s-lab-services"].map((name) => decoded(find("Secret", name)));
  const made = secrets();
  helm("upgrade", "whole", chart.path, "--wait", "--timeout", "120s");
  assert.deepEqual(secrets(), made);
  helm("uninstall", "whole", "--wait", "--timeout", "120s");
  const left = inLabs("secrets,persistentvolumeclaims,deployments,services,jobs").items.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
  assert.deepEqual(left, ["PersistentVolumeClaim data-whole-postgres-0", "Secret whole-pyk8s-lab", "Secret whole-pyk8s-lab-services"]);
  helm("install", "whole", chart.path, "--wait", "--timeout", "120s");
  assert.deepEqual(secrets(), made, "installed again, they are the same");
  // As chart/README.md has it, for one who wants nothing to stay.
  helm("uninstall", "whole", "--wait", "--timeout", "120s");
  const [, command] = readFileSync(join(root, "chart/README.md"), "utf8").match(/^ {4}kubectl --namespace labs (delete secret,pvc --selector .+)$/m);
  cluster.kubectl("--namespace", namespace, ...command.replace("=lab", "=whole").split(" "));
  assert.deepEqual(inLabs("secrets,persistentvolumeclaims,deployments,services,jobs").items, []);
});
