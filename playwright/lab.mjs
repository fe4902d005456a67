// A lab of its own for each test file: the real server with a data directory that goes with it.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const BINARY = process.env.PYK8S_LAB_BIN ?? "target/debug/pyk8s-lab";

export const seconds = (n) => ({ timeout: n * 1000 });

/** A folder of stand-ins for the Kubernetes binaries, which say this and fail: the real ones can't be made to. */
export function toolsThatFail(words) {
  const folder = mkdtempSync(join(tmpdir(), "pyk8s-lab-tools-"));
  const of = { "kwok-v0.8.0": ["kwokctl", "kwok"], "etcd-v3.6.16": ["etcd"], "kubernetes-v1.37.2": ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] };
  for (const [component, programs] of Object.entries(of)) {
    mkdirSync(join(folder, component));
    for (const program of programs) writeFileSync(join(folder, component, program), `#!/bin/sh\necho '${words}' >&2\nexit 1\n`, { mode: 0o755 });
  }
  return folder;
}

export class Lab {
  static async open(settings = {}) {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: \`make build\` makes it`);
    const lab = new Lab();
    lab.folder = mkdtempSync(join(tmpdir(), "pyk8s-lab-browser-"));
    lab.settings = { LISTEN_ADDR: "127.0.0.1:0", DATA_DIR: lab.folder, RATE_LIMIT_AUTH: "0", PROVIDER: "kwok", ...settings };
    await lab.start();
    lab.browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS.split(" ") });
    return lab;
  }

  /** Starts the server; again, it is at the same address. */
  async start() {
    this.log ??= "";
    this.server = spawn(BINARY, ["serve"], { env: { ...process.env, ...this.settings } });
    this.server.stderr.on("data", (text) => { this.log += text; });
    this.url = await new Promise((resolve, reject) => {
      let said = "";
      this.server.stdout.on("data", (text) => {
        said += text;
        const found = said.match(/open at (\S+)\//);
        if (found) resolve(found[1]);
      });
      this.server.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${this.log}`)));
    });
    this.settings.LISTEN_ADDR = new URL(this.url).host;
  }

  /** Ends the server as a crash does, or in order. */
  async stop(signal = "SIGTERM") {
    if (this.server.exitCode !== null || this.server.signalCode !== null) return;
    const ended = new Promise((resolve) => this.server.once("exit", resolve));
    this.server.kill(signal);
    await ended;
  }

  /** A person with a browser of their own; what the page complains of is kept in `page.complaints`. */
  async person(options = {}) {
    const context = await this.browser.newContext({ baseURL: this.url, ...options });
    const page = await context.newPage();
    page.complaints = [];
    page.on("console", (message) => { if (message.type() === "error") page.complaints.push(message.text()); });
    page.on("pageerror", (error) => page.complaints.push(error.message));
    return page;
  }

  /** A person who has just registered. */
  async registered(email, options) {
    const page = await this.person(options);
    await page.goto("/register");
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Register" }).click();
    await page.waitForURL("**/dashboard");
    return page;
  }

  /** Ends everything that this lab has started, whatever became of the test. */
  async close() {
    await this.browser?.close();
    await this.stop("SIGKILL");
    // Clusters outlive their server: their processes carry the data directory in their arguments.
    spawnSync("pkill", ["-9", "-f", `${this.folder}/`]);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  read(name) { return readFileSync(join(this.folder, name), "utf8"); }
}
