// Answering an alert: acknowledge, claim, hand over, comment, snooze and close, by button or by key.

import * as api from "./api.js";
import { because } from "./asking.js";
import { el } from "./dom.js";
import { snooze } from "./silences.js";
import { time } from "./words.js";

const KEYS = { a: "ACKNOWLEDGE", c: "CLAIM", h: "HAND_OVER", n: "COMMENT", s: "SNOOZE", x: "CLOSE" };
const WORDS = { ACKNOWLEDGE: "acknowledged it", CLAIM: "took it on", HAND_OVER: "handed it over", COMMENT: "wrote", CLOSE: "closed it" };
const OUTCOMES = [["TRUE", "It was true"], ["FALSE", "It was false"], ["TEST", "It was a test"]];

let draft = { id: "" };
let colleagues = null; // to whom an alert can be handed over
let shown = null; // what the keys are about: {alert, redo}

export const isWriting = () => Boolean(draft.action) && ["deed-note", "deed-to"].includes(document.activeElement?.id);
export const isOpen = (alert) => alert.state === "NEW" || alert.state === "UPDATED";

export function forget() {
  draft = { id: "" };
  colleagues = null;
  shown = null;
}

export function answers(alert, may, redo) {
  shown = null;
  const lines = (alert.deeds || []).map((line) => el("li", {}, el("strong", {}, line.actor_name), ` ${WORDS[line.action] || line.action}`, line.to ? ` to ${line.to}` : "", " ",
    el("span", { class: "muted" }, time(line.at)), line.text ? el("p", {}, line.text) : null));
  const list = lines.length ? el("ol", { class: "deeds" }, lines) : el("p", { class: "muted" }, "Nobody has answered it.");
  if (!may || !isOpen(alert)) return [el("h3", {}, "Who answered"), list];
  if (draft.id !== alert.alert_id) draft = { id: alert.alert_id, action: "", note: "", outcome: "", error: "", sending: false };
  shown = { alert, redo };
  return [el("h3", {}, "Who answered"), list, draft.action ? editor(alert, redo) : buttons(alert, redo)];
}

function buttons(alert, redo) {
  const button = (key, word, disabled) => el("button", { type: "button", "data-deed": KEYS[key], disabled: disabled || draft.sending, "aria-keyshortcuts": key, onclick: () => press(key, alert, redo) },
    word, " ", el("kbd", {}, key));
  return el("div", { class: "card" },
    el("div", { class: "choices answers", role: "group", "aria-label": "Answer this alert" },
      button("a", "Acknowledge", Boolean(alert.acknowledged_by)), button("c", "Claim", Boolean(alert.claimed_by)), button("h", "Hand over"),
      button("n", "Comment"), button("s", "Snooze"), button("x", "Close")),
    el("p", { class: "form-error", role: "alert" }, draft.error));
}

function editor(alert, redo) {
  const closes = draft.action === "CLOSE";
  const hands = draft.action === "HAND_OVER";
  const note = el("textarea", { id: "deed-note", maxlength: "1000", rows: "2", oninput: (event) => { draft.note = event.target.value; } });
  note.value = draft.note;
  const back = () => {
    draft = { id: "" };
    redo(false);
  };
  const finish = (outcome) => () => send(alert, draft.action, redo, outcome);
  const button = (outcome, word) => el("button", { type: "button", "data-outcome": outcome || "NONE", disabled: draft.sending, onclick: finish(outcome) }, word);
  return el("div", { class: "card", onkeydown: (event) => event.key === "Escape" && back() },
    hands ? el("label", { for: "deed-to" }, "To whom?") : null, hands ? whom() : null,
    el("label", { for: "deed-note" }, closes ? "What was it? The alert ends for everybody." : "What should others know?"), note,
    el("p", { class: "form-error", role: "alert" }, draft.error), draft.asked ? because(draft.because, (text) => { draft.because = text; }) : null,
    el("div", { class: "choices" }, closes ? OUTCOMES.map(([outcome, word]) => button(outcome, word)) : button(undefined, hands ? "Hand over" : "Save comment"),
      el("button", { type: "button", class: "quiet", onclick: back }, "Go back")));
}

function whom() {
  const options = (colleagues || []).map((each) => el("option", { value: each.name, selected: each.name === draft.to }, each.display_name));
  return el("select", { id: "deed-to", onchange: (event) => { draft.to = event.target.value; } }, options);
}

async function press(key, alert, redo) {
  const action = KEYS[key];
  if (action === "SNOOZE") {
    snooze(alert);
    location.hash = "#/silences";
    return undefined;
  }
  if (action === "ACKNOWLEDGE" || action === "CLAIM") return send(alert, action, redo);
  if (action === "HAND_OVER") {
    try {
      colleagues = await api.colleagues();
    } catch (error) {
      draft = { ...draft, error: error.message };
      return redo(false);
    }
    draft.to = colleagues.find((each) => each.name !== alert.claimed_by)?.name;
  }
  draft = { ...draft, action, error: "" };
  redo(false);
  document.getElementById(action === "HAND_OVER" ? "deed-to" : "deed-note")?.focus();
  return undefined;
}

async function send(alert, action, redo, outcome) {
  if (draft.sending) return;
  draft = { ...draft, sending: true, error: "" };
  redo(false);
  try {
    await api.act(alert.alert_id, { action, note: draft.note, outcome, to: action === "HAND_OVER" ? draft.to : undefined, because: draft.because || "" });
    draft = { id: "" };
  } catch (error) {
    draft = { ...draft, sending: false, error: error.message, asked: error.word === "asked" };
  }
  redo(true);
}

document.addEventListener("keydown", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
  const inField = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (!shown || !plain || inField || draft.action || draft.sending || !location.hash.startsWith("#/alerts/")) return;
  const button = KEYS[event.key] && document.querySelector(`[data-deed="${KEYS[event.key]}"]`);
  if (!button || button.disabled) return;
  event.preventDefault();
  press(event.key, shown.alert, shown.redo);
});
