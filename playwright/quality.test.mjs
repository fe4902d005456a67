// What holds for every page: accessible in both themes, light to load, nothing from elsewhere, nothing that jumps.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Lab, seconds } from "./lab.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let lab, page, cluster;
before(async () => {
  lab = await Lab.open({ MAX_CLUSTERS_PER_USER: "9" });
  page = await lab.registered("quality@example.org");
  await page.getByLabel("Name").fill("quality");
  await page.getByRole("button", { name: "Create" }).click();
  await page.locator('.badge[data-status="RUNNING"]').waitFor(seconds(60));
  cluster = new URL(await page.getByRole("link", { name: "quality", exact: true }).getAttribute("href"), lab.url).pathname;
  await page.goto("/account");
  await page.getByLabel("New token, called").fill("ci");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.locator("#new-token").waitFor();
});
after(async () => { await lab?.close(); });

/** What axe finds on the page as it is; its script is put in by the browser, past the page's policy. */
async function violations(where) {
  await where.evaluate(axe);
  const found = await where.evaluate(async () => (await globalThis.axe.run()).violations.map((violation) =>
    `${violation.id}: ${violation.help} — ${violation.nodes.map((node) => node.html).join(" | ")}`));
  return found;
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on any page, ${colorScheme}`, async () => {
    const stranger = await lab.person({ colorScheme });
    for (const path of ["/", "/login", "/register", "/nothing-here"]) {
      await stranger.goto(path);
      assert.deepEqual(await violations(stranger), [], path);
    }
    await page.emulateMedia({ colorScheme });
    for (const path of ["/dashboard", cluster, `${cluster}/delete`, "/account", "/admin"]) {
      await page.goto(path);
      await page.waitForTimeout(500);
      assert.deepEqual(await violations(page), [], path);
    }
    await page.goto("/dashboard");
    await page.getByRole("link", { name: "Delete" }).click();
    await page.getByRole("dialog").waitFor();
    assert.deepEqual(await violations(page), [], "the dialog");
    await page.getByRole("link", { name: "Keep it" }).click();
    await page.locator("form.create").evaluate((form) => { form.noValidate = true; });
    await page.getByLabel("Name").fill("No Name");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByText(/must be 3 to 50|may hold only/).waitFor();
    assert.deepEqual(await violations(page), [], "a form with a problem");
  });
}

test("the dashboard's first load is at most 60 KB, all of it from the lab", async () => {
  const fresh = await lab.person({ storageState: await page.context().storageState() });
  const session = await fresh.context().newCDPSession(fresh);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
  const hosts = new Set();
  fresh.on("request", (request) => hosts.add(new URL(request.url()).host));
  await fresh.goto("/dashboard", { waitUntil: "networkidle" });
  assert.deepEqual([...hosts], [new URL(lab.url).host]);
  assert.ok(bytes > 5_000 && bytes <= 60_000, `${bytes} bytes`);
});

test("nothing jumps when a status arrives", async () => {
  const watching = await lab.person({ storageState: await page.context().storageState() });
  await watching.goto("/dashboard");
  await watching.getByLabel("Name").fill("steady");
  await watching.getByRole("button", { name: "Create" }).click();
  await watching.locator("article", { hasText: "steady" }).locator('.badge[data-status="PROVISIONING"]').waitFor(seconds(10));
  // From here on the person does nothing: whatever moves is the page's doing.
  await watching.waitForTimeout(600);
  await watching.evaluate(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value;
    }).observe({ type: "layout-shift" });
  });
  await watching.locator("article", { hasText: "steady" }).locator('.badge[data-status="RUNNING"]').waitFor(seconds(60));
  await watching.waitForTimeout(300);
  const shift = await watching.evaluate(() => globalThis.shift);
  assert.ok(shift < 0.1, `a cumulative layout shift of ${shift} (good is below 0.1)`);
});

test("the whole journey by keyboard alone", async () => {
  const keys = await lab.person();
  await keys.goto("/register");
  const tabTo = async (name) => {
    for (let presses = 0; presses < 60; presses += 1) {
      const focused = await keys.evaluate(() => {
        const element = document.activeElement;
        const label = element.labels?.[0]?.textContent ?? element.getAttribute("aria-label") ?? element.textContent;
        return label.trim();
      });
      if (focused.startsWith(name)) return;
      await keys.keyboard.press("Tab");
    }
    assert.fail(`${name} is not reached by Tab`);
  };
  await tabTo("E-mail address");
  await keys.keyboard.type("keys@example.org");
  await tabTo("Password");
  await keys.keyboard.type("correct horse battery");
  await keys.keyboard.press("Enter");
  await keys.waitForURL("**/dashboard");
  await tabTo("Name");
  await keys.keyboard.type("keys");
  await keys.keyboard.press("Enter");
  await keys.locator('.badge[data-status="RUNNING"]').waitFor(seconds(60));
  await tabTo("Delete");
  await keys.keyboard.press("Enter");
  await keys.getByRole("dialog").waitFor();
  await keys.keyboard.type("keys");
  await keys.keyboard.press("Enter");
  await keys.getByText("You have no cluster yet.").waitFor(seconds(30));
});

test("no page, and no API console, offends the content security policy", async () => {
  const strict = await lab.person({ storageState: await page.context().storageState() });
  for (const path of ["/", "/dashboard", cluster, `${cluster}/delete`, "/account", "/admin", "/docs/"]) {
    await strict.goto(path, { waitUntil: "networkidle" });
    assert.deepEqual(strict.complaints, [], path);
  }
  // The console works: with a token, a call is tried out.
  await page.goto("/account");
  await page.getByLabel("New token, called").fill("console");
  await page.getByRole("button", { name: "Make it" }).click();
  const token = await page.locator("#new-token").textContent();
  await strict.getByRole("button", { name: "Authorize" }).first().click();
  await strict.locator(".auth-container input").first().fill(token);
  await strict.locator(".auth-container button[type=submit]").first().click();
  await strict.getByRole("button", { name: "Close" }).last().click();
  await strict.locator("#operations-users-me .opblock-summary-control, [id$='-me'] .opblock-summary-control").first().click();
  await strict.getByRole("button", { name: "Try it out" }).click();
  await strict.getByRole("button", { name: "Execute" }).click();
  await strict.getByText("quality@example.org").first().waitFor(seconds(10));
});

test("more than a handful of clusters are filtered, sorted, and shown as a table", async () => {
  const many = await lab.registered("many@example.org");
  for (const name of ["delta", "alpha", "echo", "bravo", "charlie", "foxtrot"]) {
    await many.getByLabel("Name").fill(name);
    await many.getByRole("button", { name: "Create" }).click();
    await many.getByRole("link", { name, exact: true }).waitFor(seconds(10));
  }
  await many.getByLabel("Sort by").selectOption("name");
  const names = () => many.locator("article h2").allTextContents();
  assert.deepEqual(await names(), ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"]);
  await many.getByLabel("Filter").fill("o");
  assert.equal(await many.locator("article:visible").count(), 3);
  await many.getByRole("button", { name: "Table" }).click();
  await many.reload();
  assert.equal(await many.locator("#clusters.rows-view").count(), 1, "the choice is kept");
});
