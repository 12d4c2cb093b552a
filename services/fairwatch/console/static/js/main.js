// Signs in, listens for changes, and shows the view that the address names.

import * as alerts from "./alerts.js";
import * as api from "./api.js";
import * as audit from "./audit.js";
import { empty, show } from "./dom.js";
import * as incidents from "./incidents.js";
import { forgetPictures } from "./pictures.js";
import * as pipeline from "./pipeline.js";
import * as review from "./review.js";
import * as silences from "./silences.js";
import * as sites from "./sites.js";
import { follow } from "./stream.js";
import * as waitingList from "./waiting.js";
import { refreshTimes } from "./words.js";

const NEEDS = { alerts: "alert.view", incidents: "alert.view", review: "candidate.view", waiting: "waiting.view", silences: "silence.view", sites: "site.view", audit: "audit.view", pipeline: "health.view" };
const SOON_MS = 120; // changes that come together are drawn together …
const LONGEST_MS = 1000; // … but never later than this, however many follow
const PULSE_EVERY_MS = 1500;
const HEALTH_EVERY_MS = 3000;
const ATTENTION_EVERY_MS = 60000;
const at = (id) => document.getElementById(id);

let person = null;
let unfollow = null;
let waitingSince = 0;
let running = false;
let again = false;
let problem = "";
let troubles = [];
let answers = {};
let chosen = null;
let attention = 0;
let soon = 0;

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
  unfollow?.();
  unfollow = null;
  person = null;
  problem = "";
  troubles = [];
  answers = {};
  chosen = null;
  for (const view of [alerts, audit, incidents, review, silences, sites, waitingList]) view.forget();
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
  unfollow?.();
  unfollow = follow({
    changed,
    state: (word) => linkState(word === "lost" ? "lost" : "live", { live: "Live", lost: "Reconnecting", polling: "Every 2 s" }[word]),
    signedOut: () => leave("Your session has ended. Sign in to go on."),
    check: api.me, // a session that is over leads back to the sign-in page
  });
}

function changed() {
  const now = Date.now();
  waitingSince ||= now;
  clearTimeout(soon);
  soon = setTimeout(() => {
    waitingSince = 0;
    refresh();
  }, Math.max(0, Math.min(SOON_MS, waitingSince + LONGEST_MS - now)));
}

function linkState(state, word) {
  const node = at("link-state");
  if (state === "live" && node.dataset.state === "lost") refresh();
  if (state === "lost" && node.dataset.state !== "lost") node.title = `since ${new Date().toLocaleTimeString()}`;
  node.dataset.state = state;
  node.textContent = word;
  banner();
}

function banner() {
  const lost = at("link-state").dataset.state === "lost";
  const rebuilding = Object.values(answers).some((answer) => answer?.rebuilding);
  const text = troubles.join(" ") || problem || (lost ? `No connection ${at("link-state").title}. What you see may be old; it catches up by itself.`
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

// One at a time: at fifty changes a second a load that is overtaken must still be shown.
async function refresh() {
  again = true;
  if (running) return;
  running = true;
  while (again && person) {
    again = false;
    await load();
  }
  running = false;
}

async function load() {
  const who = person;
  const { view, id } = route();
  const can = (action, ask) => (person.actions.includes(action) ? ask() : null);
  try {
    const [list, waiting, quiet, together, places, health, second] = await Promise.all([
      can(NEEDS.alerts, () => alerts.load(announce)), can(NEEDS.review, review.load), view === "silences" ? silences.load() : null, view === "incidents" ? incidents.load() : null, view === "sites" ? sites.load() : null, can(NEEDS.pipeline, api.health), can(NEEDS.waiting, waitingList.load)]);
    const one = await chosenOne(view, id, list, waiting, together);
    if (person !== who) return;
    answers = { alerts: list, review: waiting, silences: quiet, incidents: together, sites: places, pipeline: health, waiting: second, audit: {} };
    chosen = one;
    problem = "";
    banner();
    if (alerts.isWriting() || silences.isWriting() || sites.isWriting() || audit.isWriting() || incidents.isWriting() || waitingList.isWriting() || (review.isWriting() && chosen?.review.may_decide)) badges();
    else draw();
  } catch (error) {
    if (!person || error.word === "signed_out") return;
    problem = error.message;
    banner();
    if (!at("main").hasChildNodes()) show(at("main"), empty("Nothing to show yet", error.message));
  }
}

async function chosenOne(view, id, list, waiting, together) {
  if (!id) return null;
  if (view === "review") return waiting?.candidates.find((candidate) => candidate.candidate_id === id) || api.candidate(id).catch(() => null);
  if (view === "incidents") return together?.incidents.find((incident) => incident.incident_id === id) || api.incident(id).catch(() => null);
  if (view === "alerts") return api.alert(id).catch(() => list?.alerts.find((alert) => alert.alert_id === id) || null);
  return null;
}

function draw() {
  const { view, id } = route();
  const redo = (anew = true) => (anew ? refresh() : draw());
  if (answers[view]) {
    if (view === "alerts") alerts.render(at("main"), answers.alerts, id, redo, chosen?.alert_id === id ? chosen : null, person.actions.includes("alert.act"), person.actions.includes("alert.explain"));
    if (view === "review") {
      const known = answers.review.candidates.find((candidate) => candidate.candidate_id === id);
      review.render(at("main"), answers.review, id, redo, chosen?.candidate_id === id ? chosen : known);
    }
    if (view === "incidents") incidents.render(at("main"), answers.incidents, id, redo, chosen?.incident_id === id ? chosen : null, person.actions.includes("alert.act"));
    if (view === "silences") silences.render(at("main"), answers.silences, redo);
    if (view === "waiting") waitingList.render(at("main"), answers.waiting, id, redo);
    if (view === "sites") sites.render(at("main"), answers.sites, redo);
    if (view === "audit") audit.render(at("main"), redo);
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
    waiting: answers.waiting?.count || 0,
    pipeline: answers.pipeline ? pipeline.troubles(answers.pipeline) : 0,
  };
  const words = { alerts: "open", review: "waiting for you", waiting: "waiting for a second person", pipeline: "need attention" };
  for (const [view, amount] of Object.entries(counts)) {
    at(`badge-${view}`).hidden = !amount;
    at(`badge-${view}`).textContent = view === "review" && answers.review?.more ? `${amount}+` : amount;
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

let asking = false;
setInterval(async () => {
  if (!person || asking) return;
  asking = true;
  troubles = await api.pulse().then((answer) => answer.troubles.map((trouble) => trouble.message), (error) => [error.message]);
  asking = false;
  if (person) banner();
}, PULSE_EVERY_MS);

setInterval(async () => {
  if (!person || document.hidden || !person.actions.includes(NEEDS.pipeline)) return;
  const health = await api.health().catch(() => null);
  if (!health || !person) return;
  answers.pipeline = health;
  if (["silences", "waiting"].includes(route().view)) return void refresh(); // by their topics, which the stream does not tell of
  if (person.actions.includes(NEEDS.waiting)) answers.waiting = await waitingList.load().catch(() => answers.waiting);
  if (!person) return;
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
