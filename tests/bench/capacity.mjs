// How long clusters take when several are asked for together, and how many run at once. On kwok.
// Usage: node tests/bench/capacity.mjs [most]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, resident, until } from "./server.mjs";

const most = Number(process.argv[2] ?? 30);
/** What is left for everything else on this machine, in MB. */
const SPARE = 3000;
const folder = mkdtempSync(join(tmpdir(), "pyk8s-lab-bench-"));
const lab = await open(process.env.PYK8S_LAB_BIN ?? "target/release/pyk8s-lab", join(folder, "lab"), {
  MAX_CLUSTERS_PER_USER: String(most),
  PROVIDER_TIME_LIMIT: "600",
});
const available = () => Number(readFileSync("/proc/meminfo", "utf8").match(/MemAvailable:\s+(\d+)/)[1]) / 1024;

/** Asks for `count` clusters at once; seconds until the last of them runs. */
async function together(count, prefix) {
  const start = performance.now();
  const asked = await Promise.all(Array.from({ length: count }, (_, number) =>
    lab.call("POST", "/clusters", { name: `${prefix}-${number}` })));
  for (const { id } of asked) await until(lab, id, "RUNNING");
  return { took: (performance.now() - start) / 1000, ids: asked.map(({ id }) => id) };
}

/** Resident memory of all clusters' processes, in MB. */
function memory() {
  const listed = spawnSync("pgrep", ["-f", `${folder}/lab/kwok/clusters/`], { encoding: "utf8" }).stdout;
  return listed.split("\n").filter(Boolean).reduce((sum, pid) => sum + resident(pid), 0);
}

try {
  let alone;
  for (const count of [1, 4, 10]) {
    const { took, ids } = await together(count, `together-${count}`);
    alone ??= took;
    console.log(`${count} asked for together: all RUNNING after ${took.toFixed(1)} s, ${(took / count / alone).toFixed(2)} × one alone each`);
    for (const id of ids) await lab.call("DELETE", `/clusters/${id}`);
    for (const id of ids) await until(lab, id, "GONE");
  }

  let running = 0;
  while (running < most && available() > SPARE) {
    await together(1, `crowd-${running}`);
    running += 1;
  }
  const used = memory();
  const listed = await lab.call("GET", "/clusters?status=RUNNING");
  if (listed.length !== running) throw new Error(`${listed.length} of ${running} run`);
  console.log(`${running} clusters RUNNING at once: ${(used / running).toFixed(0)} MB each, ${(used / 1024).toFixed(1)} GB together, ${(available() / 1024).toFixed(1)} GB still free`);
} finally {
  lab.server.kill("SIGKILL");
  spawnSync("pkill", ["-9", "-f", `${folder}/`]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
