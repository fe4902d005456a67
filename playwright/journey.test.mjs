// The user's critical journey, in a real browser, with real clusters.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Lab, seconds, toolsThatFail } from "./lab.mjs";

let lab;
before(async () => { lab = await Lab.open({ MAX_CLUSTERS_PER_USER: "3" }); });
after(async () => { await lab?.close(); });

const badge = (page, status) => page.locator(`.badge[data-status="${status}"]`);

async function create(page, name) {
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Create" }).click();
}

async function remove(page, name) {
  await page.getByRole("link", { name: "Delete" }).click();
  await page.getByLabel(`Type ${name} to confirm`).fill(name);
  await page.getByRole("button", { name: "Delete" }).click();
}

test("a person registers, makes a cluster, uses it, deletes it and logs out, live and without a poll", async () => {
  const page = await lab.registered("journey@example.org");
  await page.getByText("You have no cluster yet.").waitFor();

  const frames = [];
  page.on("websocket", (socket) => socket.on("framereceived", (frame) => frames.push(String(frame.payload))));
  await page.reload();
  const requests = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    // Browsers ask for the icon whenever they like.
    if (!pathname.startsWith("/static/")) requests.push(`${request.method()} ${pathname}`);
  });

  await create(page, "journey");
  await badge(page, "PROVISIONING").waitFor(seconds(5));
  await badge(page, "RUNNING").waitFor(seconds(60));
  assert.ok(frames.some((frame) => frame.includes('data-status="RUNNING"')), "RUNNING came by the socket");
  assert.ok(frames.some((frame) => frame.includes("Starting etcd")), "the steps came by the socket");
  assert.deepEqual(requests, ["POST /clusters"], "nothing was asked for beside the cluster");
  await page.getByText(/in 59 min \d\d s/).waitFor(seconds(5));

  await page.getByRole("button", { name: "+1 h" }).click();
  await page.getByText(/in 1 h 59 min/).waitFor(seconds(5));

  await page.getByRole("link", { name: "Open" }).click();
  await page.locator("#log").getByText("Ready", { exact: true }).waitFor(seconds(5));
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download kubeconfig" }).click(),
  ]);
  const kubeconfig = join(lab.folder, "downloaded.yaml");
  await download.saveAs(kubeconfig);
  const kubectl = spawnSync("kubectl", ["--kubeconfig", kubeconfig, "get", "nodes", "-o", "name"], { encoding: "utf8" });
  assert.equal(kubectl.stdout.trim(), "node/node-000000", kubectl.stderr);

  // What is inside it comes by itself.
  await page.getByText("Nothing runs in it yet.").waitFor(seconds(10));
  spawnSync("kubectl", ["--kubeconfig", kubeconfig, "create", "deployment", "hello", "--image=nginx", "--replicas=2"]);
  await page.getByRole("row", { name: "Deployment default/hello 2/2 ready" }).waitFor(seconds(20));
  assert.equal(await page.getByRole("row", { name: /^Pod default\/hello-.* Running$/ }).count(), 2);
  await page.getByLabel("Search").fill("kubeconfig");
  await page.locator("#log").getByText("Waiting for its turn").waitFor({ state: "hidden" });
  assert.ok(await page.locator("#log").getByText("Reading the kubeconfig").isVisible());

  await remove(page, "journey");
  await page.getByRole("heading", { name: "journey is gone" }).waitFor(seconds(15));
  await page.getByRole("link", { name: "Back to your clusters" }).click();
  await page.getByText("You have no cluster yet.").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await page.goto("/dashboard");
  assert.match(page.url(), /\/login\?next=%2Fdashboard$/);
  assert.deepEqual(page.complaints, [], "neither a script nor the content security policy complained");
});

test("two browsers of one person stay in step, and the page comes back after a crash of the server", async () => {
  const one = await lab.registered("two@example.org");
  const two = await lab.person({ storageState: await one.context().storageState() });
  await two.goto("/dashboard");
  await create(one, "shared");
  await badge(two, "PROVISIONING").waitFor(seconds(5));
  await two.getByText("Starting etcd").waitFor(seconds(10));

  await lab.stop("SIGKILL");
  await one.getByText("Not connected: reconnecting…").waitFor(seconds(5));
  await lab.start();
  await badge(one, "RUNNING").waitFor(seconds(60));
  await badge(two, "RUNNING").waitFor(seconds(30));
  assert.equal(await one.getByText("Not connected").isVisible(), false);

  await remove(two, "shared");
  await one.getByText("You have no cluster yet.").waitFor(seconds(20));
});

test("a laptop that wakes from sleep is connected again within a second", async () => {
  const page = await lab.registered("sleeper@example.org");
  await page.clock.install();
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket));
  await page.goto("/dashboard");
  await page.waitForTimeout(500);
  assert.equal(sockets.length, 1);
  await page.clock.fastForward("10:00");
  await page.waitForEvent("websocket", seconds(1));
  await page.getByText("Not connected").waitFor({ state: "hidden", ...seconds(2) });
});

test("without scripts everything works by plain forms", async () => {
  const page = await lab.registered("plain@example.org", { javaScriptEnabled: false });
  await create(page, "plain");
  await create(page, "plain");
  await page.getByText("you have a cluster of this name already").waitFor();
  assert.equal(await page.getByLabel("Name").inputValue(), "plain");
  await page.getByRole("link", { name: "plain", exact: true }).click();
  const until = Date.now() + 60_000;
  while (!(await badge(page, "RUNNING").isVisible())) {
    assert.ok(Date.now() < until, "it is RUNNING within a minute");
    await page.reload();
  }
  await page.getByLabel("Give it more time, in hours").fill("2");
  await page.getByRole("button", { name: "Extend" }).click();
  await remove(page, "plain");
  await page.getByText("plain is being deleted.").waitFor();
});

test("a session that has ended leads to the login page and back", async () => {
  const page = await lab.registered("ended@example.org");
  await page.context().clearCookies();
  await create(page, "never");
  await page.waitForURL("**/login?next=%2Fdashboard");
  await page.getByLabel("E-mail address").fill("ended@example.org");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL("**/dashboard");
  await page.getByText("You have no cluster yet.").waitFor();
});

test("nothing hostile becomes part of a page", async () => {
  const page = await lab.registered("hostile@example.org");
  for (const name of ["<img src=x onerror=alert(1)>", "\"><script>alert(1)</script>", "{{7*7}}"]) {
    await page.locator("form.create").evaluate((form) => { form.noValidate = true; });
    await create(page, name);
    // The form that was answered, not the one before it, which has a problem, too.
    await page.locator(`#name[value=${JSON.stringify(name)}]`).waitFor();
    await page.getByText(/must be 3 to 50|may hold only/).waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), name);
    assert.equal(await page.locator("main img, main script").count(), 0);
  }
  await page.goto("/login?next=//evil.example/");
  assert.equal(new URL(page.url()).pathname, "/dashboard");
});

test("what a browser or a tool calls itself stays text", async () => {
  const hostile = "<img src=x onerror=alert(1)>";
  const tools = toolsThatFail(hostile);
  const broken = await Lab.open({ KUBE_BIN_DIR: tools });
  try {
    const page = await broken.registered("text@example.org", { userAgent: hostile });
    await create(page, "text");
    await badge(page, "ERROR").waitFor(seconds(60));
    await page.locator("pre.error", { hasText: hostile }).waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    await page.getByRole("link", { name: "Open" }).click();
    await page.locator("#log li", { hasText: hostile }).first().waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    await page.goto("/account");
    await page.getByText(hostile).waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.deepEqual(page.complaints, []);
  } finally {
    await broken.close();
    rmSync(tools, { recursive: true, force: true });
  }
});

for (const [what, options] of [["narrow and light", { viewport: { width: 360, height: 760 } }], ["narrow and dark", { viewport: { width: 360, height: 760 }, colorScheme: "dark" }]]) {
  test(`every page fits, ${what}`, async () => {
    const page = await lab.registered(`${what.replaceAll(" ", "-")}@example.org`, options);
    for (const path of ["/", "/dashboard", "/account", "/clusters/none"]) {
      await page.goto(path);
      const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(width <= room, `${path} is ${width} px wide`);
    }
  });
}
