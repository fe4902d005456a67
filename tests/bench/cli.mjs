// How long `pyk8s` takes to start, against curl, in turns in one run.
// Usage: node tests/bench/cli.mjs [rounds]
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

const binary = process.env.PYK8S_BIN ?? "target/release/pyk8s";
const rounds = Number(process.argv[2] ?? 200);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function took(program, ...words) {
  const start = performance.now();
  const { status, error } = spawnSync(program, words, { stdio: "ignore" });
  if (status !== 0) throw error ?? new Error(`${program} ended with ${status}`);
  return performance.now() - start;
}

const ours = [], curls = [];
for (let round = 0; round < rounds; round += 1) {
  curls.push(took("curl", "--version"));
  ours.push(took(binary, "version", "--client"));
}
const ratio = median(ours) / median(curls);
console.log(`pyk8s: binary ${(statSync(binary).size / 1e6).toFixed(1)} MB, start-up ${ratio.toFixed(2)} × curl --version (medians ${median(ours).toFixed(1)} ms, ${median(curls).toFixed(1)} ms)`);
