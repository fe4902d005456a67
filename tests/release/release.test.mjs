// What a release is made by: versions that agree, notes, licences, and workflows that GitHub will take.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse as toml } from "smol-toml";
import satisfies from "spdx-satisfies";
import { parse as yaml } from "yaml";
import { run } from "../cluster.mjs";

const root = join(import.meta.dirname, "../..");
const read = (path) => readFileSync(join(root, path), "utf8");
const manifest = toml(read("Cargo.toml"));
const { version } = manifest.workspace.package;
let folder;

before(() => {
  // The parts that the scripts read, to be changed at will.
  folder = mkdtempSync(join(tmpdir(), "pyk8s-lab-release-"));
  for (const part of ["Cargo.toml", "CHANGELOG.md", "Dockerfile", "README.md", "LICENSE", "chart/Chart.yaml", "tools/release"]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  const [, ...rest] = read("CHANGELOG.md").split("## [Unreleased]");
  assert.ok(rest.length, "CHANGELOG.md has a place for what comes next");
  writeFileSync(join(folder, "CHANGELOG.md"), `# Changelog\n\n## [Unreleased]\n\n## [${version}] - 2026-12-01\n\n### Added\n\n- A thing.\n\n## [0.0.1] - 2026-01-01\n\n- An older thing.\n`);
});
after(() => folder && rmSync(folder, { recursive: true, force: true }));

const script = (name, ...args) => {
  const done = spawnSync(join(folder, "tools/release", name), args, { encoding: "utf8" });
  return { code: done.status, out: done.stdout, said: done.stderr };
};

test("the version stands in Cargo.toml, and all that repeats it agrees", () => {
  assert.equal(manifest.package.version.workspace, true);
  assert.equal(toml(read("cli/Cargo.toml")).package.version.workspace, true);
  const chart = yaml(read("chart/Chart.yaml"));
  assert.deepEqual([chart.version, chart.appVersion], [version, version]);
  assert.deepEqual(script("check", `v${version}`), { code: 0, out: `${version}\n`, said: "" });
});

test("a tag that disagrees with a version is refused, with the two", () => {
  const refused = (tag, words) => {
    const { code, said } = script("check", tag);
    assert.equal(code, 1);
    assert.match(said, words);
  };
  refused("v9.9.9", new RegExp(`the tag is v9\\.9\\.9, and Cargo\\.toml says ${version}`));
  const change = (path, from, to) => {
    const was = readFileSync(join(folder, path), "utf8");
    assert.ok(was.includes(from), `${path} has ${from}`);
    writeFileSync(join(folder, path), was.replace(from, to));
    return () => writeFileSync(join(folder, path), was);
  };
  for (const [path, from, to, words] of [
    ["chart/Chart.yaml", `appVersion: ${version}`, "appVersion: 9.9.9", /appVersion of chart\/Chart\.yaml is 9\.9\.9/],
    ["Dockerfile", `ARG VERSION=${version}`, "ARG VERSION=9.9.9", /ARG VERSION is not/],
    ["CHANGELOG.md", `## [${version}]`, "## [9.9.9]", /CHANGELOG\.md has nothing under "## \[/],
  ]) {
    const back = change(path, from, to);
    refused(`v${version}`, words);
    back();
  }
});

test("the notes of a release are its own part of the changelog", () => {
  assert.deepEqual(script("notes", version).out, "### Added\n\n- A thing.\n\n".trimEnd() + "\n");
  assert.equal(script("notes", "0.0.1").out, "- An older thing.\n");
  assert.equal(script("notes", "0.0").code, 1);
});

test("the command line is packed with its licence", () => {
  const built = join(folder, "target/x86_64-unknown-linux-gnu/release");
  assert.match(script("pack", "x86_64-unknown-linux-gnu", version).said, /cargo build --release --package pyk8s --target/);
  mkdirSync(built, { recursive: true });
  writeFileSync(join(built, "pyk8s"), "#!/bin/sh\n", { mode: 0o755 });
  const { code, said } = script("pack", "x86_64-unknown-linux-gnu", version);
  assert.equal(code, 0, said);
  const name = `pyk8s-${version}-x86_64-unknown-linux-gnu`;
  const listed = run("tar", ["-tzf", join(folder, "dist", `${name}.tar.gz`)]).trim().split("\n").sort();
  assert.deepEqual(listed, [`${name}/`, ...["CHANGELOG.md", "LICENSE", "README.md", "pyk8s"].map((file) => `${name}/${file}`)]);
});

test("every dependency's licence is one of those that deny.toml allows", () => {
  const { allow } = toml(read("deny.toml")).licenses;
  assert.deepEqual(toml(read("about.toml")).accepted, allow, "the list is the same for both tools");
  const metadata = JSON.parse(run("cargo", ["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"], { cwd: root }));
  const used = new Set(metadata.resolve.nodes.map(({ id }) => id));
  const crates = metadata.packages.filter(({ id }) => used.has(id));
  assert.ok(crates.length > 300);
  for (const { name, license } of crates) {
    const expression = license?.replaceAll(/ ?\/ ?/g, " OR ");
    assert.ok(expression && satisfies(expression, allow), `${name}: ${license}`);
  }
  for (const [path, { license, dev }] of Object.entries(JSON.parse(read("package-lock.json")).packages)) {
    // Its package.json names none, and its LICENSE is htmx's.
    const named = license ?? (path === "node_modules/htmx-ext-ws" ? "0BSD" : "none");
    if (path && !dev) assert.ok(satisfies(named, allow), `${path}: ${license}`);
  }
});

test("actionlint finds nothing in the workflows", () => {
  const done = spawnSync(process.env.ACTIONLINT ?? "actionlint", ["-no-color"], { cwd: root, encoding: "utf8" });
  assert.ifError(done.error);
  assert.equal(done.status, 0, done.stdout + done.stderr);
});

test("a release has all parts, and none before the tests have passed", () => {
  const { jobs, on } = yaml(read(".github/workflows/release.yml"));
  assert.deepEqual(Object.keys(on), ["push"]);
  const upstream = (name) => [jobs[name].needs ?? []].flat().flatMap((need) => [need, ...upstream(need)]);
  for (const name of ["image", "image-index", "command-line", "chart", "materials", "publish"]) assert.ok(upstream(name).includes("test"), name);
  for (const part of ["image-index", "command-line", "chart", "materials"]) assert.ok(jobs.publish.needs.includes(part), part);
  const targets = jobs["command-line"].strategy.matrix.include.map(({ target }) => target);
  for (const system of ["linux", "apple", "windows"]) assert.ok(targets.some((target) => target.includes(system)), system);
  assert.deepEqual(jobs.image.strategy.matrix.include.map(({ arch }) => arch), ["amd64", "arm64"]);
  assert.equal(jobs.test.uses, "./.github/workflows/ci.yml");
  assert.ok("workflow_call" in yaml(read(".github/workflows/ci.yml")).on);
});

test("workflows have no more rights than they need, and run what is in the repository", () => {
  for (const file of readdirSync(join(root, ".github/workflows"))) {
    const text = read(`.github/workflows/${file}`);
    const { permissions, jobs } = yaml(text);
    assert.deepEqual(permissions, { contents: "read" }, file);
    assert.doesNotMatch(text, /pull_request_target/, "a stranger's change never meets a secret");
    for (const [, path] of text.matchAll(/(?<![\w/])(tools\/[\w./-]+)/g)) assert.ok(existsSync(join(root, path)) || path.endsWith("/"), `${path} of ${file}`);
    for (const [name, job] of Object.entries(jobs)) {
      if (job.steps) assert.ok(job.steps.every(({ uses }) => !uses || /@(v\d|master$)/.test(uses)), name);
    }
  }
  assert.match(read(".github/workflows/ci.yml"), /run: make test$/m);
});

test("the forms and the updates that GitHub reads are well-formed", () => {
  for (const name of ["bug", "wish"]) {
    const form = yaml(read(`.github/ISSUE_TEMPLATE/${name}.yml`));
    assert.ok(form.name && form.description && form.body.length);
    for (const { type, attributes } of form.body) assert.ok(["markdown", "textarea", "input", "dropdown"].includes(type) && (attributes.label || attributes.value));
  }
  const { version: format, updates } = yaml(read(".github/dependabot.yml"));
  assert.equal(format, 2);
  for (const { directory, directories } of updates) {
    for (const place of directories ?? [directory]) assert.ok(existsSync(join(root, place)), place);
  }
  assert.deepEqual(updates.map((update) => update["package-ecosystem"]), ["cargo", "npm", "gomod", "docker", "docker-compose", "helm", "github-actions"]);
});
