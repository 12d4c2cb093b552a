// What raised an alert, and which of it still holds.

import * as api from "./api.js";
import { el } from "./dom.js";
import { count, pill, time } from "./words.js";

const STATES = { FIRING: ["Going on", "warn"], ENDED: ["Ended", ""], STALE: ["Not heard of any more", "bad"] };
const SHOWN = 8;
const NAMED = 100; // an alert names the newest of them

let all = { id: "" }; // everything that raised an alert, of which one page is shown

export function forget() {
  all = { id: "" };
}

export function section(alert, redo) {
  const named = alert.causes || [];
  if (!named.length) return [];
  if (all.id !== alert.alert_id) forget();
  const head = el("h3", { id: "alert-causes" }, alert.firing ? `What raised it, ${count(alert.firing)} of it going on` : "What raised it");
  if (all.told) return [head, table(all.told.causes), pages(alert, redo), failure()];
  const more = named.length > SHOWN ? el("details", {}, el("summary", {}, `${count(named.length - SHOWN)} more`), table(named.slice(SHOWN))) : null;
  return [head, table(named.slice(0, SHOWN)), more, beyond(alert, redo), failure()];
}

function beyond(alert, redo) {
  const holding = alert.causes.filter((cause) => cause.state === "FIRING").length;
  if (alert.firing <= holding && alert.causes.length < NAMED) return null;
  const words = alert.firing > holding ? `The newest ${count(holding)} of ${count(alert.firing)} that go on. ` : `The newest ${count(alert.causes.length)}. `;
  return el("p", { class: "muted" }, words, button("causes-all", all.asking ? "Reading…" : "Show all", () => load(alert, 1, redo)));
}

function pages(alert, redo) {
  const { page, pages: last, total } = all.told;
  const turn = (id, word, to) => button(id, word, () => load(alert, to, redo), to < 1 || to > last);
  return el("p", { class: "choices" }, turn("causes-back", "Newer", page - 1), turn("causes-on", "Older", page + 1), el("span", { class: "muted" }, ` ${count(total)} in all, page ${count(page)} of ${count(last)}`));
}

const button = (id, word, onclick, off = false) => el("button", { type: "button", class: "quiet", id, disabled: off || Boolean(all.asking), onclick }, word);
const failure = () => (all.error ? el("p", { class: "form-error", role: "alert" }, all.error) : null);

async function load(alert, page, redo) {
  const mine = (all = { ...all, id: alert.alert_id, asking: true, error: "" });
  redo(false);
  try {
    mine.told = await api.causes(alert.alert_id, page);
  } catch (error) {
    mine.error = error.message;
  }
  mine.asking = false;
  if (all === mine) redo(false);
}

export function facts(alert) {
  return [
    ["On and off", alert.changes > 1 ? `${count(alert.changes)} times` : null],
    ["Others called", alert.escalation_step ? `${count(alert.escalation_step)} times` : null],
    ["Could not be told", (alert.parameters || {}).not_reached],
    ["Answered no more by", (alert.parameters || {}).answer_lapsed],
  ];
}

function table(causes) {
  const head = el("thead", {}, el("tr", {}, ["Device", "What", "State", "Since", "Last"].map((word) => el("th", { scope: "col" }, word))));
  return el("div", { class: "table-frame" }, el("table", {}, head, el("tbody", {}, causes.map(line))));
}

function line(cause) {
  const [word, tone] = STATES[cause.state] || [cause.state, ""];
  return el("tr", {}, el("th", { scope: "row" }, cause.device_id), el("td", {}, cause.event_type), el("td", {}, pill(word, tone)),
    el("td", {}, time(cause.started_at, "absolute")), el("td", {}, time(cause.updated_at, "absolute")));
}
