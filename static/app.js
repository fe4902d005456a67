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

// Filter, order and shape of the list: what the person chose holds for whatever comes in.
const HANDFUL = 5;
const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* for this page only */ } };
const orders = {
  newest: (a, b) => Date.parse(b.dataset.asked) - Date.parse(a.dataset.asked),
  name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
  ends: (a, b) => Date.parse(a.dataset.ends) - Date.parse(b.dataset.ends),
};

function arrange() {
  const tools = document.querySelector("[data-tools]");
  const list = document.getElementById("clusters");
  if (!tools || !list) return;
  const cards = [...list.querySelectorAll(".card")];
  const filter = tools.querySelector("[data-filter]").value.trim().toLowerCase();
  const only = tools.querySelector("[data-only]").value;
  // Once there, they stay: who filters would lose them otherwise.
  if (cards.length > HANDFUL || filter || only) tools.hidden = false;
  const table = kept("view") === "table";
  list.classList.toggle("rows-view", table && !tools.hidden);
  const view = tools.querySelector("[data-view]");
  view.setAttribute("aria-pressed", String(table));
  for (const card of cards) {
    card.hidden = !card.dataset.name.includes(filter) || Boolean(only && card.dataset.status !== only);
  }
  const order = orders[tools.querySelector("[data-sort]").value];
  // Moved only where the order is another: whoever has the focus keeps it.
  const sorted = [...cards].sort(order);
  if (sorted.some((card, place) => card !== cards[place])) list.append(...sorted);
}

function searchLog() {
  const tools = document.querySelector("[data-log-tools]");
  if (!tools) return;
  tools.hidden = false;
  const words = tools.querySelector("[data-log-search]").value.trim().toLowerCase();
  for (const line of document.querySelectorAll("#log > li")) {
    line.hidden = !line.textContent.toLowerCase().includes(words);
  }
}

document.addEventListener("input", (event) => {
  if (event.target.closest("[data-tools]")) arrange();
  if (event.target.closest("[data-log-search]")) searchLog();
  if (event.target.matches("[data-follow]")) follow(event.target.checked);
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-tools], [data-log-tools]")) event.preventDefault();
});

function ready(root) {
  arrange();
  searchLog();
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  localTimes(root);
  tick();
}

// A log that stands at its end stays at its end.
let following = true;
const log = () => document.getElementById("log");

function follow(on) {
  following = on;
  const box = document.querySelector("[data-follow]");
  if (box) box.checked = on;
  if (on && log()) log().scrollTop = log().scrollHeight;
}
document.addEventListener("scroll", (event) => {
  const list = event.target;
  if (list === log()) follow(list.scrollTop + list.clientHeight >= list.scrollHeight - 8);
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
  if (event.target.closest("[data-view]")) {
    keep("view", kept("view") === "table" ? "cards" : "table");
    arrange();
  }
  if (event.target.closest("[data-theme-switch]")) {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    keep("theme", root.dataset.theme);
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
let socket;
document.addEventListener("htmx:wsOpen", (event) => { socket = event.detail.socketWrapper; connection(""); });
// After a sleep the old connection may be dead without anybody having said so. Hidden pages tick once a minute.
const SLEPT = 90_000;
let ticked = Date.now();
function wake() {
  const slept = Date.now() - ticked > SLEPT;
  ticked = Date.now();
  if (slept && socket) socket.reconnect();
}
addEventListener("online", () => socket?.reconnect());
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
  setInterval(() => { wake(); tick(); }, 1000);
});
