// What the lab adds to the tool that it drives, and how many lists it serves; all in one run, as ratios.
// Usage: node tests/bench/lab.mjs [rounds]
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, resident, until } from "./server.mjs";

const binary = process.env.PYK8S_LAB_BIN ?? "target/release/pyk8s-lab";
const kube = process.env.KUBE_BIN_DIR;
const rounds = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), "pyk8s-lab-bench-"));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

/** From the request to the RUNNING event, as a subscriber hears it. */
async function throughTheLab(lab, name) {
  const start = performance.now();
  const { id } = await lab.call("POST", "/clusters", { name });
  const events = await fetch(`${lab.url}/api/v1/clusters/${id}/events`, {
    headers: { authorization: `Bearer ${lab.token}`, accept: "text/event-stream" },
  });
  let heard = "";
  for await (const chunk of events.body) {
    heard += Buffer.from(chunk).toString();
    if (heard.includes('"status":"ERROR"')) throw new Error(heard);
    if (heard.includes('"status":"RUNNING"')) break;
  }
  const took = performance.now() - start;
  await lab.call("DELETE", `/clusters/${id}`);
  return { took, id };
}

/** The tool alone, with the same binaries. */
function theToolAlone(name) {
  const of = (component, file) => {
    const found = spawnSync("sh", ["-c", `ls -d "${kube}"/${component}-*/${file} | sort -V | tail -1`], { encoding: "utf8" });
    return found.stdout.trim();
  };
  const kwokctl = of("kwok", "kwokctl");
  const env = { ...process.env, KWOK_WORKDIR: join(folder, "bare"), HOME: folder };
  const run = (...words) => {
    const done = spawnSync(kwokctl, [...words, "--name", name, "--kubeconfig", join(folder, "kubeconfig")], { env, encoding: "utf8" });
    if (done.status !== 0) throw new Error(done.stderr);
  };
  const start = performance.now();
  run("create", "cluster", "--runtime", "binary", "--wait", "120s",
    "--kube-apiserver-binary", of("kubernetes", "kube-apiserver"),
    "--kube-controller-manager-binary", of("kubernetes", "kube-controller-manager"),
    "--kube-scheduler-binary", of("kubernetes", "kube-scheduler"),
    "--kwok-controller-binary", of("kwok", "kwok"),
    "--etcd-binary", of("etcd", "etcd"));
  const took = performance.now() - start;
  run("delete", "cluster");
  return took;
}

/** Requests a second, by 16 callers for 3 s. */
async function perSecond(url, headers) {
  let answered = 0;
  const until = performance.now() + 3000;
  const start = performance.now();
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (performance.now() < until) {
      const answer = await fetch(url, { headers });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
      answered += 1;
    }
  }));
  return answered / ((performance.now() - start) / 1000);
}

const lab = await open(binary, join(folder, "lab"));
try {
  console.log(`server: binary ${(statSync(binary).size / 1e6).toFixed(1)} MB, ${resident(lab.server.pid).toFixed(0)} MB resident after one login`);

  const ours = [], bare = [];
  for (let round = 1; round <= rounds; round += 1) {
    bare.push(theToolAlone(`bench-${round}`));
    const { took, id } = await throughTheLab(lab, `bench-${round}`);
    ours.push(took);
    await until(lab, id, "GONE");
    console.log(`round ${round}: kwokctl alone ${seconds(bare.at(-1))}, POST to RUNNING ${seconds(ours.at(-1))}`);
  }
  console.log(`POST to RUNNING: ${(median(ours) / median(bare)).toFixed(2)} × kwokctl create --wait (medians ${seconds(median(ours))}, ${seconds(median(bare))})`);

  // Twenty clusters to list, all up, so that nothing is being made while it is measured.
  for (let number = 1; number <= 20; number += 1) await lab.call("POST", "/clusters", { name: `list-${number}` });
  for (const { id } of await lab.call("GET", "/clusters")) await until(lab, id, "RUNNING");
  const health = await perSecond(`${lab.url}/health/live`, {});
  const list = await perSecond(`${lab.url}/api/v1/clusters`, { authorization: `Bearer ${lab.token}` });
  console.log(`list of 20 clusters, authenticated: ${list.toFixed(0)} requests/s, ${(list / health).toFixed(2)} × those of /health/live (${health.toFixed(0)}/s)`);
} finally {
  lab.server.kill("SIGKILL");
  spawnSync("pkill", ["-9", "-f", `${folder}/`]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
