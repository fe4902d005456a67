// A real API server for one run: etcd, kube-apiserver, controllers and scheduler by kwokctl, with simulated nodes.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { homedir } from "node:os";
import { freePorts, whateverHappens } from "./services.mjs";

const root = join(import.meta.dirname, "..");

/** Where the Kubernetes binaries are. */
export const binaries = process.env.KUBE_BIN_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pyk8s-lab/kube");

/** The program of a component; one that is missing is an error that says what gets it. */
export function program(component, name = component) {
  const folder = readdirSync(binaries).filter((entry) => entry.startsWith(`${component}-v`)).sort().at(-1);
  if (!folder) throw new Error(`${name} is missing: \`tools/kube/install --only ${component}\` gets it`);
  return join(binaries, folder, name);
}

/** Runs a program to its end; its output, or an error that has all that it said. */
export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26, timeout: 180_000, cwd: root, ...options });
  if (done.error) throw done.error;
  if (done.status !== 0) {
    const error = new Error(`${command} ${args.join(" ")}: ${done.status ?? done.signal}\n${done.stdout}${done.stderr}`);
    throw Object.assign(error, { said: done.stdout + done.stderr, status: done.status });
  }
  return done.stdout;
}

export class Cluster {
  /** Makes one in `folder`, and adds nodes that pods become Ready on. */
  static async make(folder, nodes = 2) {
    mkdirSync(folder, { recursive: true });
    const cluster = new Cluster();
    cluster.folder = folder;
    whateverHappens(() => cluster.remove());
    const [etcdPort, etcdPeerPort, kubeApiserverPort, kubeControllerManagerPort, kubeSchedulerPort, kwokControllerPort] = await freePorts(6);
    const version = readdirSync(binaries).find((entry) => entry.startsWith("kubernetes-v")).slice("kubernetes-".length);
    const configuration = join(folder, "configuration.yaml");
    writeFileSync(configuration, JSON.stringify({
      kind: "KwokctlConfiguration",
      apiVersion: "config.kwok.x-k8s.io/v1alpha1",
      options: {
        runtime: "binary", bindAddress: "127.0.0.1", kubeVersion: version,
        etcdPort, etcdPeerPort, kubeApiserverPort, kubeControllerManagerPort, kubeSchedulerPort, kwokControllerPort,
      },
    }));
    cluster.kubeconfig = join(folder, "kubeconfig.yaml");
    cluster.server = `https://127.0.0.1:${kubeApiserverPort}`;
    cluster.kwokctl("create", "cluster", "--runtime", "binary", "--wait", "120s", "--config", configuration, "--kubeconfig", join(folder, "unused.yaml"),
      "--etcd-binary", program("etcd"), "--kwok-controller-binary", program("kwok"),
      ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"].flatMap((name) => [`--${name}-binary`, program("kubernetes", name)]));
    writeFileSync(cluster.kubeconfig, cluster.kwokctl("get", "kubeconfig"), { mode: 0o600 });
    cluster.kwokctl("scale", "node", "--replicas", String(nodes));
    return cluster;
  }

  kwokctl(...args) {
    return run(program("kwok", "kwokctl"), [...args, "--name", "chart"], { env: { ...process.env, KWOK_WORKDIR: this.folder, HOME: this.folder } });
  }

  kubectl(...args) {
    return run(program("kubernetes", "kubectl"), ["--kubeconfig", this.kubeconfig, ...args]);
  }

  get(...args) {
    return JSON.parse(this.kubectl("get", ...args, "-o", "json"));
  }

  /** Somebody's kubeconfig, by a token. */
  kubeconfigOf(token, file) {
    const document = JSON.parse(run(program("kubernetes", "kubectl"), ["--kubeconfig", this.kubeconfig, "config", "view", "--raw", "--flatten", "-o", "json"]));
    document.users[0].user = { token };
    writeFileSync(file, JSON.stringify(document), { mode: 0o600 });
    return file;
  }

  /** Ends its processes, whatever became of the test. */
  remove() {
    if (this.removed) return;
    this.removed = true;
    try {
      this.kwokctl("delete", "cluster", "--kubeconfig", join(this.folder, "unused.yaml"));
    } finally {
      // They carry the folder in their arguments.
      const listed = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" });
      for (const line of listed.split("\n").filter((line) => line.includes(`${this.folder}/`))) {
        try { process.kill(Number(line.trim().split(" ")[0]), "SIGKILL"); } catch { /* it has ended by itself */ }
      }
    }
  }
}
