// The lab under measurement, with one person in it.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Starts the server on kwok; its answer has `call`, which asks the API as that person. */
export async function open(binary, folder, settings = {}) {
  const server = spawn(binary, ["serve"], {
    env: {
      ...process.env, LISTEN_ADDR: "127.0.0.1:0", DATA_DIR: folder, RATE_LIMIT_AUTH: "0", PROVIDER: "kwok",
      MAX_CLUSTERS_PER_USER: "50", RUST_LOG: "error,kube_client=off", ...settings,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    server.stdout.on("data", (text) => resolve(String(text).match(/open at (\S+)\//)[1]));
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const ask = async (method, path, body, token) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };
  const who = { email: "bench@example.org", password: "correct horse battery" };
  await ask("POST", "/users/register", who);
  const { access_token: token } = await ask("POST", "/auth/token", who);
  return { server, url, token, call: (method, path, body) => ask(method, path, body, token) };
}

/** Waits until a cluster has a status, or is `GONE`. */
export async function until(lab, id, wanted) {
  for (;;) {
    const cluster = (await lab.call("GET", "/clusters")).find((listed) => listed.id === id);
    if ((cluster?.status ?? "GONE") === wanted) return;
    if (cluster?.status === "ERROR") throw new Error(`${cluster.name}: ${cluster.error_message}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Resident memory of a process, in MB. */
export const resident = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;
