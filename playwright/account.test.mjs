// What people do with their accounts, and administrators with the lab, in a real browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Lab, seconds } from "./lab.mjs";

let lab, admin;
before(async () => {
  lab = await Lab.open();
  // Whoever comes first looks after the lab.
  const page = await lab.person();
  await page.goto("/register");
  await page.getByText("This lab is new").waitFor();
  admin = await lab.registered("admin@example.org");
});
after(async () => { await lab?.close(); });

const api = (path, token, method = "GET") => fetch(`${lab.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}` } });

async function logIn(page, email, password = "correct horse battery") {
  await page.goto("/login");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

test("a personal token is shown once, works wherever an access token does, and can be revoked", async () => {
  const page = await lab.registered("token@example.org");
  await page.goto("/account");
  await page.getByText("You have no tokens.").waitFor();
  await page.getByLabel("New token, called").fill("<b>ci</b>");
  await page.getByLabel("for so many days").fill("7");
  await page.getByRole("button", { name: "Make it" }).click();
  const token = await page.locator("#new-token").textContent();
  assert.match(token, /^pyk8s_pat_[\w-]{43}$/);
  assert.equal((await (await api("/users/me", token)).json()).email, "token@example.org");
  assert.ok(!lab.log.includes(token), "it is in no log");

  await page.goto("/account");
  assert.equal(await page.locator("#new-token").count(), 0);
  await page.getByRole("rowheader", { name: "<b>ci</b>" }).waitFor();
  await page.getByRole("button", { name: "Revoke <b>ci</b>" }).click();
  await page.getByText("The token is revoked.").waitFor();
  assert.equal((await api("/users/me", token)).status, 401);
  assert.deepEqual(page.complaints, []);
});

test("a token's name and life are checked", async () => {
  const page = await lab.registered("checked@example.org");
  await page.goto("/account");
  await page.getByRole("button", { name: "Make it" }).locator("xpath=ancestor::form").evaluate((form) => { form.noValidate = true; });
  await page.getByLabel("for so many days").fill("400");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByText("must be 1 to 365").waitFor();
  await page.getByText("must be 1 to 50 characters long").waitFor();
});

test("another session is signed out, and a new password ends all others", async () => {
  const here = await lab.registered("sessions@example.org");
  const there = await lab.person();
  await logIn(there, "sessions@example.org");
  await there.waitForURL("**/dashboard");
  await here.goto("/account");
  await here.getByRole("button", { name: "Sign out" }).click();
  await here.getByText("The session is signed out.").waitFor();
  await there.goto("/account");
  assert.match(there.url(), /\/login/);

  await logIn(there, "sessions@example.org");
  await there.waitForURL("**/dashboard");
  await here.getByLabel("Current password").fill("correct horse battery");
  await here.getByLabel("New password").fill("another horse battery");
  await here.getByRole("button", { name: "Change it" }).click();
  await here.getByText("Your password is changed").waitFor();
  await there.goto("/account");
  assert.match(there.url(), /\/login/);
  await here.goto("/account");
  assert.match(here.url(), /\/account$/);
});

test("an administrator sees the lab, and closes registration and accounts", async () => {
  const eve = await lab.registered("eve@example.org");
  await eve.goto("/admin");
  await eve.getByRole("heading", { name: "Forbidden" }).waitFor();
  await admin.goto("/admin");
  await admin.getByRole("rowheader", { name: "eve@example.org" }).waitFor();
  await admin.getByText("kwok: works, Kubernetes v1").waitFor();
  await admin.getByRole("button", { name: "Close the account eve@example.org" }).click();
  await admin.getByRole("button", { name: "Open the account eve@example.org" }).waitFor();
  await eve.goto("/dashboard");
  assert.match(eve.url(), /\/login/);
  await logIn(eve, "eve@example.org");
  await eve.getByText("this account is closed").waitFor();

  await admin.getByRole("button", { name: "Close registration" }).click();
  await eve.goto("/register");
  await eve.getByText("Registration is closed here").waitFor();
  await admin.getByRole("button", { name: "Open registration" }).click();
  await admin.getByRole("button", { name: "Open the account eve@example.org" }).click();
  await logIn(eve, "eve@example.org");
  await eve.waitForURL("**/dashboard");
  assert.deepEqual(admin.complaints, []);
});

test("an administrator deletes somebody's cluster, and whoever deletes their account takes their clusters along", async () => {
  const owner = await lab.registered("owner@example.org");
  for (const name of ["first", "second"]) {
    await owner.getByLabel("Name").fill(name);
    await owner.getByRole("button", { name: "Create" }).click();
    await owner.getByRole("link", { name, exact: true }).waitFor();
  }
  await admin.goto("/admin");
  await admin.getByLabel("Delete first of owner@example.org", { exact: true }).click();
  await admin.getByRole("button", { name: "Really delete first of owner@example.org" }).click();
  await owner.getByRole("link", { name: "first", exact: true }).waitFor({ state: "detached", ...seconds(30) });

  await owner.goto("/account");
  await owner.getByLabel("Type owner@example.org to confirm").fill("owner");
  await owner.getByRole("button", { name: "Delete my account" }).click();
  await owner.getByText("is not owner@example.org").waitFor();
  await owner.getByLabel("Type owner@example.org to confirm").fill("owner@example.org");
  await owner.getByRole("button", { name: "Delete my account" }).click();
  await owner.getByRole("heading", { name: "A Kubernetes cluster of your own" }).waitFor();
  await logIn(owner, "owner@example.org");
  await owner.getByText("the e-mail address or the password is wrong").waitFor();
  const until = Date.now() + 30_000;
  for (;;) {
    await admin.goto("/admin");
    if (await admin.getByText("There are no clusters.").isVisible()) break;
    assert.ok(Date.now() < until, "its clusters are gone");
    await admin.waitForTimeout(500);
  }
  // The address is free again.
  await lab.registered("owner@example.org");
});
