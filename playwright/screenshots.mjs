// Pictures of each page and state, from a lab with real clusters. Usage: node playwright/screenshots.mjs FOLDER
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Lab, seconds, toolsThatFail } from "./lab.mjs";

const folder = process.argv[2];
if (!folder) throw new Error("usage: node playwright/screenshots.mjs FOLDER");
mkdirSync(folder, { recursive: true });

const lab = await Lab.open({ MAX_CLUSTERS_PER_USER: "9" });
try {
  const page = await lab.person({ viewport: { width: 1100, height: 760 }, deviceScaleFactor: 1 });
  const picture = (name, options) => page.screenshot({ path: join(folder, `${name}.png`), ...options });
  const create = async (name) => {
    await page.getByLabel("Name").fill(name);
    await page.getByRole("button", { name: "Create" }).click();
  };
  await page.goto("/");
  await picture("landing");
  await page.goto("/register");
  await picture("register");
  await page.getByLabel("E-mail address").fill("ada@example.org");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Register" }).click();
  await page.waitForURL("**/dashboard");
  await picture("dashboard-empty");
  await page.locator("form.create").evaluate((form) => { form.noValidate = true; });
  await create("No Name");
  await page.getByText(/must be 3 to 50|may hold only/).waitFor();
  await picture("form-with-a-problem");

  await page.goto("/dashboard");
  await create("shop-staging");
  const running = (name) => page.locator("article", { hasText: name }).locator('.badge[data-status="RUNNING"]').waitFor(seconds(60));
  await running("shop-staging");
  await create("class-of-monday");
  await page.getByText("Starting etcd").waitFor(seconds(10));
  await page.waitForTimeout(700);
  await picture("dashboard");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture("dashboard-dark");
  await page.setViewportSize({ width: 360, height: 760 });
  await picture("dashboard-narrow");
  await page.setViewportSize({ width: 1100, height: 760 });
  await page.emulateMedia({ colorScheme: "light" });
  await running("class-of-monday");
  for (const name of ["orders", "payments", "sandbox", "upgrade-test"]) {
    await create(name);
    await running(name);
  }
  await page.getByRole("button", { name: "Table" }).click();
  await picture("dashboard-table");
  await page.getByRole("button", { name: "Table" }).click();

  await page.getByRole("link", { name: "shop-staging" }).click();
  await page.getByText("Nothing runs in it yet.").waitFor(seconds(10));
  await picture("cluster", { fullPage: true });
  await page.getByRole("link", { name: "Delete" }).click();
  await page.getByRole("dialog").waitFor();
  await picture("delete");
  await page.goto("/account");
  await page.getByLabel("New token, called").fill("ci");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.locator("#new-token").evaluate((token) => { token.textContent = "pyk8s_pat_…"; });
  await picture("account", { fullPage: true });
  await page.goto("/admin");
  await picture("admin", { fullPage: true });
  await page.goto("/nothing-here");
  await picture("not-found");
  await page.goto("/dashboard");
  await lab.stop("SIGKILL");
  await page.getByText("Not connected").waitFor(seconds(5));
  await picture("not-connected");
} finally {
  await lab.close();
}

const tools = toolsThatFail("etcd: no space left on device");
const broken = await Lab.open({ KUBE_BIN_DIR: tools });
try {
  const page = await broken.registered("ada@example.org", { viewport: { width: 1100, height: 760 } });
  await page.getByLabel("Name").fill("unlucky");
  await page.getByRole("button", { name: "Create" }).click();
  await page.locator('.badge[data-status="ERROR"]').waitFor(seconds(60));
  await page.screenshot({ path: join(folder, "error.png") });
} finally {
  await broken.close();
  rmSync(tools, { recursive: true, force: true });
}
