// The chart as text: what helm makes of it, with good values and bad.
// UPDATE_GOLDEN=1 writes the golden files anew; look at their difference before it is committed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { Chart, environment, root, values } from "./chart.mjs";

const sets = ["defaults", "external", "existing-secrets", "trial", "everything"];
let chart;

before(() => {
  chart = new Chart();
  console.log(`dependencies: ${chart.dependencies}`);
});
after(() => chart?.remove());

const named = (objects, kind, name) => objects.find((object) => object.kind === kind && (!name || object.metadata.name === name));
/** All templates of pods in a rendering, and the pods. */
const pods = (objects) => objects.flatMap((object) => (object.kind === "Pod" ? [object] : object.spec?.template?.spec ? [object.spec.template] : []));

for (const set of sets) {
  test(`helm lint --strict finds nothing in the chart with the values ${set}`, () => {
    assert.match(chart.helm("lint", "--strict", chart.path, "--values", values(set)), /1 chart\(s\) linted, 0 chart\(s\) failed/);
  });

  test(`the rendering of ${set} is the golden one`, () => {
    const golden = join(import.meta.dirname, "golden", `${set}.yaml`);
    // What is made anew each time has no place in a file; nor have the dependencies' own objects.
    const own = chart.text(set).split(/^---\n/m).filter((part) => part.startsWith("# Source: pyk8s-lab/templates/")).join("---\n");
    const text = own.replace(/^( {2}(?:SECRET_KEY|ENCRYPTION_KEY|postgres-password|redis-password): )\S+$/gm, (all, key) => (
      set === "defaults" || set === "everything" ? `${key}GENERATED` : all));
    if (process.env.UPDATE_GOLDEN) writeFileSync(golden, text);
    assert.ok(existsSync(golden), `${golden} is there`);
    assert.equal(text, readFileSync(golden, "utf8"));
  });
}

test("values that are wrong are refused, and the message names the place", () => {
  const refused = (words, ...set) => {
    assert.throws(() => chart.text("external", ...set.flatMap((value) => ["--set-json", value])), (error) => {
      assert.match(error.message, words, set.join(" "));
      return true;
    });
  };
  refused(/replicas/, "replicas=0");
  refused(/replicas/, 'replicas="two"');
  refused(/provider/, 'provider="kind"');
  refused(/additional propert.*'?replica'?/s, "replica=3");
  refused(/image.*repository/s, 'image.repository=""');
  refused(/image.*digest/s, 'image.digest="sha256:abc"');
  refused(/publicUrl/, 'publicUrl="lab.example.org"');
  refused(/ttlHours/, "limits.ttlHours=9000");
  refused(/secretKey/, 'secrets.secretKey="short"');
  refused(/encryptionKey/, 'secrets.encryptionKey="not 32 bytes in base64"');
  refused(/externalDatabase.*url/s, 'externalDatabase.url="mysql://db"');
  refused(/externalRedis.*url/s, 'externalRedis.url="rediss://redis"');
  refused(/controller/, 'ingress.controller="apache"');
  refused(/address/, 'vcluster.address="https://clusters.example.org"');
  refused(/kubernetesVersions/, 'vcluster.kubernetesVersions=["1.37"]');
  refused(/parentRefs/, "httpRoute.enabled=true");
  refused(/registration/, 'registration="maybe"');
});

test("settings that do not fit together are refused with a way out", () => {
  const refused = (words, set, ...more) => assert.throws(() => chart.text(set, ...more), words);
  refused(/which of the two\? Set postgres\.enabled=false/, "external", "--set", "postgres.enabled=true");
  refused(/which of the two\? Set redis\.enabled=false/, "external", "--set", "redis.enabled=true");
  refused(/several replicas need PostgreSQL/, "defaults", "--set", "postgres.enabled=false");
  refused(/several replicas need Redis/, "defaults", "--set", "redis.enabled=false");
  refused(/several replicas need Redis/, "defaults", "--set", "redis.enabled=false,replicas=1,autoscaling.enabled=true");
  refused(/one pod's volume: set replicas=1/, "defaults", "--set", "persistence.enabled=true");
  refused(/kwok's clusters live in the pod.*persistence\.enabled=true/, "defaults", "--set", "provider=kwok");
  refused(/the database is a file: set persistence\.enabled=true/, "trial", "--set", "persistence.enabled=false,provider=vcluster");
  refused(/serviceAccount\.name is needed/, "external", "--set", "serviceAccount.create=false");
});

test("every pod is held to the level restricted, with a root that can't be written", () => {
  for (const set of sets) {
    for (const { metadata, spec } of pods(chart.render(set)).filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/part-of"])) {
      assert.equal(spec.securityContext.runAsNonRoot, true, metadata.name);
      assert.equal(spec.securityContext.seccompProfile.type, "RuntimeDefault");
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
        assert.deepEqual(container.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } });
        assert.ok(container.resources.requests.memory && container.resources.limits.memory, "says what it takes");
      }
    }
  }
});

test("only the server of virtual clusters has a token of Kubernetes", () => {
  const tokens = (set) => pods(chart.render(set)).filter(({ spec }) => spec.automountServiceAccountToken !== false).length;
  assert.equal(tokens("defaults"), 1);
  assert.equal(tokens("trial"), 0);
});

test("the lab finds PostgreSQL and Redis by the names and passwords that their charts use", () => {
  const cases = [[], ["--set", "postgres.fullnameOverride=db"], ["--set", "redis.nameOverride=cache"]];
  for (const more of cases) {
    const objects = chart.render("defaults", ...more);
    const find = (kind, name) => named(objects, kind, name);
    const { containers: [server] } = named(objects, "Deployment").spec.template.spec;
    const env = environment(server, find, { "metadata.name": "pod" });
    const [database, redis] = [new URL(env.DATABASE_URL), new URL(env.REDIS_URL)];
    assert.ok(find("Service", database.hostname), database.hostname);
    assert.ok(find("Service", redis.hostname), redis.hostname);
    const of = (service) => named(objects, "StatefulSet", service).spec.template.spec.containers[0];
    const postgres = environment(of(database.hostname), find);
    assert.deepEqual([database.username, database.password, database.pathname], [postgres.POSTGRES_USER, postgres.POSTGRES_PASSWORD, `/${postgres.POSTGRES_DB}`]);
    const init = environment(of(redis.hostname), find);
    assert.equal(redis.password, init.REDIS_PASSWORD ?? decodeURIComponent(redis.password));
  }
});

test("a release that is called like a dependency still finds it", () => {
  const objects = chart.helm("template", "my-redis-lab", chart.path);
  assert.match(objects, /redis:\/\/:\$\(REDIS_PASSWORD\)@my-redis-lab:6379\/0/);
  assert.match(objects, /@my-redis-lab-postgres:5432\/lab/);
});

test("generated keys are such that the server takes them", () => {
  for (let tries = 0; tries < 3; tries += 1) {
    const { data } = named(chart.render("defaults"), "Secret", "lab-pyk8s-lab");
    const text = (key) => Buffer.from(data[key], "base64").toString();
    assert.equal(text("SECRET_KEY").length, 48);
    assert.equal(Buffer.from(text("ENCRYPTION_KEY"), "base64").length, 32);
  }
});

test("the environment that is rendered is what the server's own help lists", () => {
  const help = execFileSync(process.env.PYK8S_LAB_BIN ?? join(root, "target/debug/pyk8s-lab"), ["serve", "--help"], { encoding: "utf8" });
  const known = new Set([...help.matchAll(/\[env: (\w+)/g)].map(([, name]) => name));
  const OF_KUBERNETES = new Set(["POSTGRES_PASSWORD", "REDIS_PASSWORD", "HTTPS_PROXY"]);
  for (const set of sets) {
    const objects = chart.render(set);
    const [server] = named(objects, "Deployment").spec.template.spec.containers;
    const names = [...Object.keys(named(objects, "ConfigMap", "lab-pyk8s-lab").data), ...server.env.map(({ name }) => name)];
    for (const name of names) assert.ok(known.has(name) || OF_KUBERNETES.has(name), `${name} of ${set}`);
  }
});

test("each controller of an ingress is told not to buffer and not to cut what is quiet", () => {
  const annotations = (controller) => named(chart.render("everything", "--set", `ingress.controller=${controller}`), "Ingress").metadata.annotations;
  assert.equal(annotations("nginx")["nginx.ingress.kubernetes.io/proxy-buffering"], "off");
  assert.equal(annotations("nginx")["nginx.ingress.kubernetes.io/proxy-read-timeout"], "3600");
  assert.equal(annotations("nginx-inc")["nginx.org/websocket-services"], "lab-pyk8s-lab");
  assert.equal(annotations("haproxy")["haproxy.org/timeout-tunnel"], "1h");
  assert.equal(annotations("haproxy-ingress")["haproxy-ingress.github.io/timeout-tunnel"], "1h");
  assert.deepEqual(annotations("other"), { "cert-manager.io/cluster-issuer": "letsencrypt" });
});

test("the address that people use follows from how they get there", () => {
  const url = (...more) => named(chart.render("external", ...more), "ConfigMap", "lab-pyk8s-lab").data.PUBLIC_URL;
  assert.equal(url(), "https://lab.example.org");
  assert.equal(url("--set", "publicUrl="), undefined);
  assert.equal(url("--set", "publicUrl=,ingress.enabled=true,ingress.host=a.example.org"), "https://a.example.org");
  assert.equal(url("--set", "publicUrl=,ingress.enabled=true,ingress.host=a.example.org,ingress.tls.enabled=false"), "http://a.example.org");
});

test("what only exists with further software is rendered only when it is asked for", () => {
  const kinds = (set) => new Set(chart.render(set).map(({ kind }) => kind));
  for (const kind of ["ServiceMonitor", "HTTPRoute", "HorizontalPodAutoscaler", "Ingress"]) {
    assert.ok(!kinds("defaults").has(kind), kind);
    assert.ok(kinds("everything").has(kind), kind);
  }
});

test("the lab has no right on Secrets, pods or roles outside of its clusters' namespaces", () => {
  const objects = chart.render("defaults");
  const bound = objects.filter(({ kind }) => kind === "ClusterRoleBinding").map(({ roleRef }) => roleRef.name);
  assert.deepEqual(bound, ["labs-lab-pyk8s-lab"]);
  const { rules } = named(objects, "ClusterRole", bound[0]);
  const resources = rules.flatMap(({ resources }) => resources);
  assert.deepEqual(resources, ["namespaces", "nodes", "rolebindings", "clusterroles"]);
  assert.deepEqual(rules.at(-1), { apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles"], resourceNames: ["labs-lab-pyk8s-lab-clusters"], verbs: ["bind"] });
  const everything = JSON.stringify(objects.filter(({ kind }) => kind === "ClusterRole"));
  assert.doesNotMatch(everything, /"\*"|escalate|impersonate/);
});
