// Pictures of each page, from a lab with a real cluster. Usage: node playwright/screenshots.mjs FOLDER
import { join } from "node:path";
import { Lab } from "./lab.mjs";

const folder = process.argv[2];
if (!folder) throw new Error("usage: node playwright/screenshots.mjs FOLDER");
const lab = await Lab.open();
try {
  const page = await lab.person({ viewport: { width: 1100, height: 760 }, deviceScaleFactor: 1 });
  const picture = (name) => page.screenshot({ path: join(folder, `${name}.png`) });
  await page.goto("/");
  await picture("landing");
  await page.goto("/register");
  await picture("register");
  await page.getByLabel("E-mail address").fill("ada@example.org");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Register" }).click();
  await page.waitForURL("**/dashboard");
  await picture("dashboard-empty");
  const create = async (name) => {
    await page.getByLabel("Name").fill(name);
    await page.getByRole("button", { name: "Create" }).click();
  };
  await create("shop-staging");
  await page.locator('.badge[data-status="RUNNING"]').waitFor({ timeout: 60_000 });
  await create("class-of-monday");
  await page.getByText("Starting etcd").waitFor({ timeout: 10_000 });
  await page.waitForTimeout(700);
  await picture("dashboard");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture("dashboard-dark");
  await page.setViewportSize({ width: 360, height: 760 });
  await picture("dashboard-narrow");
  await page.setViewportSize({ width: 1100, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("link", { name: "shop-staging" }).click();
  await page.locator("#log").waitFor();
  await picture("cluster");
  await page.getByRole("link", { name: "Delete" }).click();
  await page.waitForTimeout(300);
  await picture("delete");
  await page.goto("/account");
  await picture("account");
  await page.goto("/nothing-here");
  await picture("not-found");
} finally {
  await lab.close();
}
