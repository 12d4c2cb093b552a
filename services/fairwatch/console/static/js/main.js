// Signs in, listens for changes, and shows the view that the address names.

import * as alerts from "./alerts.js";
import * as api from "./api.js";
import { empty, show } from "./dom.js";
import { forgetPictures } from "./pictures.js";
import * as pipeline from "./pipeline.js";
import * as review from "./review.js";
import { refreshTimes } from "./words.js";

const NEEDS = { alerts: "alert.view", review: "candidate.view", pipeline: "health.view" };
const RETRY_MS = 2000;
const HEALTH_EVERY_MS = 3000;
const ATTENTION_EVERY_MS = 60000;
const at = (id) => document.getElementById(id);

let person = null;
let stream = null;
let answers = {};
let chosen = null;
let attention = 0;
let soon = 0;
let drawn = 0;

// ---- signing in and out

at("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("sign-in-error").textContent = "";
  at("sign-in-button").disabled = true;
  try {
    start(await api.signIn(at("name").value, at("password").value));
  } catch (error) {
    at("sign-in-error").textContent = error.message;
    at("password").select();
  } finally {
    at("sign-in-button").disabled = false;
    at("password").value = "";
  }
});

at("sign-out").addEventListener("click", async () => {
  await api.signOut().catch(() => {});
  leave("You have signed out.");
});

function leave(why) {
  stream?.close();
  stream = null;
  person = null;
  answers = {};
  chosen = null;
  for (const view of [alerts, review]) view.forget();
  forgetPictures();
  at("main").replaceChildren();
  at("desk").hidden = true;
  at("sign-in").hidden = false;
  if (why) at("sign-in-why").textContent = why;
  document.title = "Sign in · Fairwatch";
  at("name").focus();
}

function start(me) {
  person = me;
  at("sign-in").hidden = true;
  at("desk").hidden = false;
  at("person-name").textContent = me.display_name;
  at("person-name").title = `${me.name}: ${me.roles.join(", ")}`;
  for (const tab of document.querySelectorAll("[data-view]")) tab.hidden = !me.actions.includes(NEEDS[tab.dataset.view]);
  listen();
  refresh();
}

// ---- live updates

function listen() {
  stream?.close();
  stream = new EventSource("/api/stream");
  stream.addEventListener("open", () => linkState("live", "Live"));
  stream.addEventListener("error", () => {
    linkState("lost", "Reconnecting");
    if (stream?.readyState !== EventSource.CLOSED) return;
    setTimeout(() => person && stream?.readyState === EventSource.CLOSED && api.me().then(listen, listenAgain), RETRY_MS);
  });
  stream.addEventListener("signed-out", () => leave("Your session has ended. Sign in to go on."));
  stream.addEventListener("change", () => {
    clearTimeout(soon);
    soon = setTimeout(refresh, 120);
  });
}

// The server refused; a session that is over has already led back to the sign-in page.
function listenAgain() {
  if (person) listen();
}

function linkState(state, word) {
  const node = at("link-state");
  if (state === "live" && node.dataset.state === "lost") refresh();
  if (state === "lost" && node.dataset.state !== "lost") node.title = `since ${new Date().toLocaleTimeString()}`;
  node.dataset.state = state;
  node.textContent = word;
  banner();
}

function banner(error = null) {
  const lost = at("link-state").dataset.state === "lost";
  const rebuilding = Object.values(answers).some((answer) => answer?.rebuilding);
  const text = error || (lost ? `No connection ${at("link-state").title}. What you see may be old; it catches up by itself.`
    : rebuilding ? "Nothing has reached the console yet. On a new system that is as it should be; otherwise see under Pipeline whether project runs: it fills these lists again from the event log." : "");
  at("banner").textContent = text;
  at("banner").hidden = !text;
}

// ---- views

function route() {
  const [, view, id] = location.hash.split("/");
  const allowed = Object.keys(NEEDS).filter((name) => person.actions.includes(NEEDS[name]));
  return { view: allowed.includes(view) ? view : allowed[0], id: id ? decodeURIComponent(id) : "" };
}

async function refresh() {
  if (!person) return;
  const turn = ++drawn;
  const { view, id } = route();
  const can = (action, load) => (person.actions.includes(action) ? load() : null);
  try {
    const [list, waiting, health] = await Promise.all([
      can(NEEDS.alerts, () => alerts.load(announce)), can(NEEDS.review, review.load), can(NEEDS.pipeline, api.health)]);
    const known = waiting?.candidates.find((candidate) => candidate.candidate_id === id);
    const one = view === "review" && id ? known || (await api.candidate(id).catch(() => null)) : null;
    if (turn !== drawn || !person) return;
    answers = { alerts: list, review: waiting, pipeline: health };
    chosen = one;
    banner();
    if (review.isWriting() && chosen?.review.may_decide) badges();
    else draw();
  } catch (error) {
    if (person && error.word !== "signed_out") banner(error.message);
    if (person && !at("main").hasChildNodes()) show(at("main"), empty("Nothing to show yet", error.message));
  }
}

function draw() {
  const { view, id } = route();
  const redo = (anew = true) => (anew ? refresh() : draw());
  if (answers[view]) {
    if (view === "alerts") alerts.render(at("main"), answers.alerts, id, redo);
    if (view === "review") review.render(at("main"), answers.review, id, redo, chosen);
    if (view === "pipeline") pipeline.render(at("main"), answers.pipeline);
  }
  for (const tab of document.querySelectorAll("[data-view]")) {
    if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  badges();
}

function badges() {
  const counts = {
    alerts: answers.alerts?.open || 0,
    review: answers.review?.waiting || 0,
    pipeline: answers.pipeline ? pipeline.troubles(answers.pipeline) : 0,
  };
  const words = { alerts: "open", review: "waiting for you", pipeline: "need attention" };
  for (const [view, amount] of Object.entries(counts)) {
    at(`badge-${view}`).hidden = !amount;
    at(`badge-${view}`).textContent = amount;
    at(`badge-${view}`).title = `${amount} ${words[view]}`;
  }
  document.title = `${counts.review ? `(${counts.review}) ` : ""}Fairwatch`;
}

function announce(text) {
  at("announce").textContent = text;
}

// ---- what goes on by itself

window.addEventListener("hashchange", () => {
  if (!person) return;
  draw();
  refresh();
});

setInterval(refreshTimes, 1000);

setInterval(async () => {
  if (!person || document.hidden || !person.actions.includes(NEEDS.pipeline)) return;
  const health = await api.health().catch(() => null);
  if (!health || !person) return;
  answers.pipeline = health;
  if (route().view === "pipeline") draw();
  else badges();
}, HEALTH_EVERY_MS);

// Only what a person does keeps the session alive; this page alone does not.
for (const kind of ["pointerdown", "keydown"]) {
  document.addEventListener(kind, () => {
    if (!person || Date.now() - attention < ATTENTION_EVERY_MS) return;
    attention = Date.now();
    api.me().catch(() => {});
  });
}

api.onSignedOut(() => {
  if (person) leave("Your session has ended. Sign in to go on.");
});
api.me().then(start, () => leave(""));
