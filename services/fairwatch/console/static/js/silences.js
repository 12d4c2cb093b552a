// Silences and snoozes: what holds, for how long and why; a new one is previewed before it can be made.

import * as api from "./api.js";
import { because } from "./asking.js";
import { el, empty, show } from "./dom.js";
import { count, pill, time } from "./words.js";

const STATES = { holds: ["Holds", "warn"], to_come: ["To come", ""], ended: ["Ended", ""], refused: ["Not valid", "bad"] };
const LENGTHS = [[900, "15 minutes"], [1800, "30 minutes"], [3600, "1 hour"], [14400, "4 hours"], [28800, "8 hours"], [43200, "12 hours"], [86400, "1 day"], [604800, "7 days"]];

let draft = null; // {matchers, reason, forS, found, previewed, error, sending, asked, because}
let failed = "";
let shown = null; // what the keys are about: {answer, redo}

export const load = () => api.silences();
export const isWriting = () => Boolean(draft) && ["INPUT", "TEXTAREA", "SELECT"].includes(document.activeElement?.tagName);

export function forget() {
  draft = null;
  failed = "";
  shown = null;
}

export function begin(matchers = [], forS = 3600) {
  draft = { matchers: matchers.join("\n"), reason: "", forS, found: null, previewed: "", error: "", sending: false };
  failed = "";
}

// A snooze of one alert ends with it; the site is named, so that people of this site may make it.
export function snooze(alert) {
  const quoted = (name, value) => `${name}=${JSON.stringify(value)}`;
  begin([quoted("alert_id", alert.alert_id), ...(alert.site_id ? [quoted("site_id", alert.site_id)] : [])], 1800);
}

export function render(main, answer, redo) {
  shown = { answer, redo };
  const may = answer.longest_s > 0;
  const start = el("button", { type: "button", id: "silence-new", disabled: Boolean(draft), "aria-keyshortcuts": "n", onclick: () => open(redo) }, "New silence ", el("kbd", {}, "n"));
  const rows = answer.silences.map((silence) => row(silence, may, redo));
  const list = rows.length ? el("ol", { class: "silences" }, rows) : empty("Nothing is silenced", "Every alert is told to whom its rule names.");
  show(main, el("section", { class: "page", "aria-label": "Silences" },
    el("div", { class: "column-head" }, el("h1", {}, "Silences"), may ? start : null),
    el("p", { class: "form-error", role: "alert" }, failed), draft && may ? editor(answer.longest_s, redo) : null, list));
}

function row(silence, may, redo) {
  const [word, tone] = STATES[silence.state];
  const live = silence.state === "holds" || silence.state === "to_come";
  const act = (what) => async () => {
    failed = await what(silence.silence_id).then(() => "", (error) => error.message);
    later(redo);
  };
  const agreed = silence.approved_by_names.length ? pill(`✓ ${silence.approved_by_names.join(", ")} agreed`, "good") : null;
  const buttons = el("div", { class: "choices" },
    el("button", { type: "button", "data-deed": `agree ${silence.silence_id}`, title: "Without a second person, what is extreme is told all the same", onclick: act(api.agree) }, "Agree"),
    el("button", { type: "button", "data-deed": `end ${silence.silence_id}`, onclick: act(api.expire) }, "End now"));
  return el("li", { class: "card" },
    el("p", {}, pill(word, tone), " ", ...silence.matchers.map((text) => [el("code", {}, text), " "]), agreed),
    el("p", {}, silence.reason),
    el("p", { class: "muted" }, `${silence.author_name}, `, live ? "until " : "ended ", time(silence.expires_at), silence.expired_by_name ? ` by ${silence.expired_by_name}` : ""),
    live && may ? buttons : null);
}

function editor(longest, redo) {
  const set = (name) => (event) => { draft[name] = event.target.value; };
  const matchers = el("textarea", { id: "silence-matchers", rows: "3", spellcheck: "false", placeholder: 'device_id="cam-7"', oninput: set("matchers") });
  matchers.value = draft.matchers;
  const reason = el("input", { id: "silence-reason", maxlength: "500", oninput: set("reason") });
  reason.value = draft.reason;
  const lengths = LENGTHS.filter(([seconds]) => seconds <= longest);
  const options = (lengths.length ? lengths : [[longest, `${longest} seconds`]]).map(([seconds, word]) => el("option", { value: String(seconds), selected: seconds === Number(draft.forS) }, word));
  return el("form", { class: "card", id: "silence-form", onsubmit: (event) => { event.preventDefault(); look(redo); }, onkeydown: (event) => event.key === "Escape" && close(redo) },
    el("label", { for: "silence-matchers" }, "Which alerts? One condition on a line; all must hold."), matchers,
    el("label", { for: "silence-reason" }, "Why?"), reason,
    el("label", { for: "silence-length" }, "For how long?"), el("select", { id: "silence-length", onchange: set("forS") }, options),
    draft.found ? preview(draft.found) : null,
    el("p", { class: "form-error", role: "alert" }, draft.error), draft.asked ? because(draft.because, set("because")) : null,
    el("div", { class: "choices" },
      el("button", { id: "silence-preview", disabled: draft.sending }, "Preview"),
      el("button", { type: "button", id: "silence-add", class: "primary", disabled: draft.sending || !isPreviewed(), onclick: () => add(redo) }, "Silence"),
      el("button", { type: "button", id: "silence-back", class: "quiet", onclick: () => close(redo) }, "Go back")));
}

function preview(found) {
  const told = found.passed ? ` ${count(found.passed)} extreme alerts would be told all the same, until a second person agrees.` : "";
  const lines = found.examples.map((each) => el("li", {}, time(each.at, "absolute"), " ", el("code", {}, each.rule), ` ${each.title}`));
  return el("div", { id: "silence-found" }, el("p", {}, `Of the last day's ${count(found.messages)} messages it would have held back ${count(found.held)}, of ${count(found.alerts)} alerts.${told}`), el("ul", {}, lines));
}

const lines = () => draft.matchers.split("\n").map((line) => line.trim()).filter(Boolean);
const isPreviewed = () => Boolean(draft.found) && draft.previewed === lines().join("\n");

function open(redo) {
  begin();
  redo(false);
  document.getElementById("silence-matchers")?.focus();
}

function close(redo) {
  draft = null;
  redo(false);
}

async function look(redo) {
  if (draft.sending) return;
  const asked = lines();
  await working(redo, async () => {
    const found = await api.previewSilence(asked);
    draft = { ...draft, found, previewed: asked.join("\n") };
  });
}

async function add(redo) {
  if (draft.sending || !isPreviewed()) return;
  await working(redo, async () => {
    await api.addSilence({ matchers: lines(), reason: draft.reason, for_s: Number(draft.forS), because: draft.because || "" });
    draft = null;
    later(redo);
  });
}

async function working(redo, what) {
  draft = { ...draft, sending: true, error: "" };
  try {
    await what();
    if (draft) draft.sending = false;
  } catch (error) {
    draft = { ...draft, sending: false, error: error.message, asked: error.word === "asked" };
  }
  redo(false);
}

// What was written comes back by its topic.
function later(redo) {
  redo(false);
  setTimeout(redo, 400);
}

document.addEventListener("keydown", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
  const inField = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key !== "n" || !shown || !shown.answer.longest_s || draft || !plain || inField || location.hash !== "#/silences") return;
  event.preventDefault();
  open(shown.redo);
});
