// The chart with its dependencies in place, and helm.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { program, run } from "../cluster.mjs";

export const root = join(import.meta.dirname, "../..");
export const values = (name) => join(import.meta.dirname, "values", `${name}.yaml`);

/** Runs helm with a home of its own; its output. */
export function helm(args, folder, options = {}) {
  return run(program("helm"), args, {
    env: { ...process.env, HELM_CACHE_HOME: join(folder, "helm/cache"), HELM_CONFIG_HOME: join(folder, "helm/config"), HELM_DATA_HOME: join(folder, "helm/data") },
    ...options,
  });
}

/** A copy of the chart with the charts that it depends on: from their repository, else the stand-ins. */
export class Chart {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "pyk8s-lab-chart-"));
    this.path = join(this.folder, "pyk8s-lab");
    cpSync(join(root, "chart"), this.path, { recursive: true });
    const { dependencies } = parse(readFileSync(join(this.path, "Chart.yaml"), "utf8"));
    const fetched = spawnSync(program("helm"), ["dependency", "update", this.path], {
      encoding: "utf8", timeout: 60_000, env: { ...process.env, HELM_CACHE_HOME: join(this.folder, "helm/cache"), HELM_CONFIG_HOME: join(this.folder, "helm/config") },
    });
    this.standIns = fetched.status !== 0;
    this.dependencies = "the charts of PostgreSQL and Redis are the real ones, from their repository";
    if (!this.standIns) return;
    // A version that is not there is an error of ours, not of the network.
    const why = fetched.stderr.trim().split("\n").at(-1) || `no answer within 60 s`;
    if (/not found|no chart version|404/i.test(why)) throw new Error(why);
    rmSync(join(this.path, "charts"), { recursive: true, force: true });
    mkdirSync(join(this.path, "charts"));
    for (const { name, version } of dependencies) {
      const standIn = join(root, "tests/charts", name);
      const has = parse(readFileSync(join(standIn, "Chart.yaml"), "utf8")).version;
      if (has !== version) throw new Error(`tests/charts/${name} stands for ${has}, and the chart wants ${version}`);
      cpSync(standIn, join(this.path, "charts", name), { recursive: true });
    }
    this.dependencies = `the charts of PostgreSQL and Redis are the stand-ins of tests/charts, since the repository can't be reached: ${why}`;
  }

  helm(...args) { return helm(args, this.folder); }

  /** The chart with these values, as documents; `set` are further `--set` words. */
  render(name, ...more) {
    return documents(this.text(name, ...more));
  }

  text(name, ...more) {
    return this.helm("template", "lab", this.path, "--namespace", "labs", "--kube-version", "1.37.2", ...(name ? ["--values", values(name)] : []), ...more);
  }

  remove() { rmSync(this.folder, { recursive: true, force: true }); }
}

export const documents = (text) => parseAllDocuments(text).map((document) => document.toJS()).filter(Boolean);

/** The environment of a container as Kubernetes would give it: ConfigMaps, Secrets and $(NAMES) resolved. */
export function environment(container, find, fields = {}) {
  const found = {};
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef) Object.assign(found, find("ConfigMap", configMapRef.name).data);
    if (secretRef) Object.assign(found, decoded(find("Secret", secretRef.name)));
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (value !== undefined) {
      found[name] = value.replace(/\$\((\w+)\)/g, (all, other) => found[other] ?? all);
    } else if (valueFrom.fieldRef) {
      found[name] = fields[valueFrom.fieldRef.fieldPath];
    } else {
      const { name: secret, key, optional } = valueFrom.secretKeyRef;
      const data = decoded(find("Secret", secret));
      if (data[key] === undefined && !optional) throw new Error(`the Secret ${secret} has no ${key}`);
      if (data[key] !== undefined) found[name] = data[key];
    }
  }
  return found;
}

export const decoded = (secret) =>
  Object.fromEntries(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
