// What makes the pages live beside htmx: nothing here is needed to use them.
"use strict";

const two = (n) => String(n).padStart(2, "0");

function left(ms) {
  if (ms <= 0) return "now";
  const s = Math.floor(ms / 1000);
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  if (h > 0) return `in ${h} h ${two(m)} min`;
  return m > 0 ? `in ${m} min ${two(s % 60)} s` : `in ${s} s`;
}

// Text is only touched when it changes, so that nothing flickers and screen readers stay calm.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-countdown]")) {
    const ms = Date.parse(time.dateTime) - now;
    say(time, left(ms));
    time.classList.toggle("soon", ms < 10 * 60 * 1000);
    if (!time.title) time.title = new Date(time.dateTime).toLocaleString();
  }
  for (const element of document.querySelectorAll("[data-elapsed]")) {
    say(element, `${Math.max(0, Math.round((now - Date.parse(element.dataset.elapsed)) / 1000))} s`);
  }
}

function localTimes(root) {
  for (const time of root.querySelectorAll("time[data-local]")) say(time, new Date(time.dateTime).toLocaleString());
  for (const time of root.querySelectorAll("time[data-clock]")) say(time, new Date(time.dateTime).toLocaleTimeString());
}

function ready(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  localTimes(root);
  tick();
}

// A log that stands at its end stays at its end.
let following = true;
const log = () => document.getElementById("log");
document.addEventListener("scroll", (event) => {
  const list = event.target;
  if (list === log()) following = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
}, true);

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const label = copy.textContent;
    try {
      const answer = await fetch(copy.dataset.copy);
      if (!answer.ok) throw new Error(answer.statusText);
      await navigator.clipboard.writeText(await answer.text());
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Could not copy: download it instead";
    }
    setTimeout(() => { copy.textContent = label; }, 3000);
  }
  if (event.target.closest("[data-close]") && event.target.closest("dialog")) {
    event.preventDefault();
    event.target.closest("dialog").close();
  }
  if (event.target.closest("[data-theme-switch]")) {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* for this page only */ }
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "dialog" && event.target.firstElementChild) {
    const dialog = document.createElement("dialog");
    dialog.append(...event.target.childNodes);
    event.target.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    htmx.process(dialog);
    dialog.showModal();
  }
  ready(document);
});
document.addEventListener("deleted", () => document.querySelector("dialog[open]")?.close());

// What an action was refused for.
document.addEventListener("problem", (event) => {
  document.getElementById("refused")?.remove();
  const line = document.createElement("p");
  line.id = "refused";
  line.className = "problem";
  line.setAttribute("role", "alert");
  line.textContent = event.detail.value;
  document.getElementById("main").prepend(line);
  setTimeout(() => line.remove(), 10_000);
});

// The live connection.
function connection(text) {
  const line = document.querySelector("[data-connection]");
  if (line) { line.hidden = !text; say(line, text); }
}
document.addEventListener("htmx:wsOpen", () => connection(""));
document.addEventListener("htmx:wsAfterMessage", () => {
  ready(document);
  if (following && log()) log().scrollTop = log().scrollHeight;
});
document.addEventListener("htmx:wsClose", (event) => {
  const { code } = event.detail.event;
  if (code === 4401) { location.assign(`/login?next=${encodeURIComponent(location.pathname)}`); return; }
  connection("Not connected: reconnecting…");
  // The extension reconnects by itself after a failure, but not after a server that stopped in order.
  if (code === 1001) setTimeout(() => event.detail.socketWrapper.reconnect(), 500 + Math.random() * 1500);
});

document.addEventListener("DOMContentLoaded", () => {
  document.querySelector("[data-theme-switch]").hidden = false;
  ready(document);
  if (log()) log().scrollTop = log().scrollHeight;
  setInterval(tick, 1000);
});
