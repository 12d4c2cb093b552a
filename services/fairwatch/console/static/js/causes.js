// What raised an alert, and which of it still holds.

import { el } from "./dom.js";
import { count, pill, time } from "./words.js";

const STATES = { FIRING: ["Going on", "warn"], ENDED: ["Ended", ""], STALE: ["Not heard of any more", "bad"] };
const SHOWN = 8;

export function section(alert) {
  const named = alert.causes || [];
  if (!named.length) return [];
  const holding = named.filter((cause) => cause.state === "FIRING").length;
  const more = named.length > SHOWN ? el("details", {}, el("summary", {}, `${count(named.length - SHOWN)} more`), table(named.slice(SHOWN))) : null;
  const beyond = alert.firing > holding
    ? el("p", { class: "muted" }, `The newest ${count(holding)} of ${count(alert.firing)} that go on. `, el("code", {}, `fairwatch alerts causes ${alert.alert_id}`), " has all of them.")
    : null;
  return [el("h3", { id: "alert-causes" }, alert.firing ? `What raised it, ${count(alert.firing)} of it going on` : "What raised it"), table(named.slice(0, SHOWN)), more, beyond];
}

export function facts(alert) {
  return [
    ["On and off", alert.changes > 1 ? `${count(alert.changes)} times` : null],
    ["Others called", alert.escalation_step ? `${count(alert.escalation_step)} times` : null],
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
    ["Could not be told", (alert.parameters || {}).not_reached],
