// The live alert list and one alert in full.

import * as api from "./api.js";
import * as causes from "./causes.js";
import * as deeds from "./deeds.js";
import { el, empty, facts, show, walk } from "./dom.js";
import * as lineage from "./lineage.js";
import * as oncall from "./oncall.js";
import { picture } from "./pictures.js";
import { ALERT_STATES, DELIVERY_STATES, count, pill, place, severity, severityWord, time } from "./words.js";

let filter = "all";
let seen = null;
let fresh = new Set();

export async function load(announce) {
  const answer = await api.alerts(filter);
  const news = seen === null ? [] : answer.alerts.filter((alert) => !seen.has(alert.alert_id) && alert.state === "NEW");
  seen = new Set([...(seen || []), ...answer.alerts.map((alert) => alert.alert_id)]);
  fresh = new Set(news.map((alert) => alert.alert_id));
  if (news.length === 1) announce(`New ${severityWord(news[0].severity).toLowerCase()} alert: ${news[0].title}, ${place(news[0])}`);
  if (news.length > 1) announce(`${news.length} new alerts`);
  return { ...answer, open: answer.counts.open };
}

export function forget() {
  seen = null;
  filter = "all";
  deeds.forget();
  lineage.forget();
  causes.forget();
  oncall.forget();
}

export const { isWriting } = deeds;
const { isOpen } = deeds;

export function render(main, answer, id, redo, one, may, explains) {
  const chosen = one || answer.alerts.find((alert) => alert.alert_id === id); // one knows its incidents, the list does not
  const rows = answer.alerts.map((alert) => row(alert, alert.alert_id === id));
  const list = rows.length ? el("ol", { class: "rows", onkeydown: walk }, rows) : nothing(answer);
  const column = el("section", { class: "column", "aria-label": "Alerts", "data-scroll": "alerts" }, heading(redo, answer.counts), list);
  show(main, el("div", { class: `split${id ? " chosen" : ""}` }, column, detail(chosen, id, redo, may, explains)));
}

function heading(redo, counts) {
  const options = [["all", `All ${count(counts.open + counts.over)}`], ["open", `Open ${count(counts.open)}`], ["ended", "Ended"]];
  const choose = (state) => () => {
    filter = state;
    redo();
  };
  const button = ([state, word]) => el("button", { type: "button", "aria-pressed": String(filter === state), onclick: choose(state) }, word);
  return el("div", { class: "column-head" }, el("h1", {}, "Alerts"), el("div", { class: "switch", role: "group", "aria-label": "Show" }, options.map(button)));
}

function nothing(answer) {
  if (answer.rebuilding) return empty("Nothing has reached the console yet", "Alerts appear here by themselves as soon as they are read from the event log.");
  if (filter === "open") return empty("Nothing is open", "All alerts have ended. New ones appear here by themselves.");
  return empty("All quiet", "No alert has come in. New ones appear here by themselves; there is no need to reload.");
}

function row(alert, chosen) {
  const classes = ["row", !isOpen(alert) && "over", fresh.has(alert.alert_id) && "fresh"].filter(Boolean).join(" ");
  const times = alert.count > 1 ? el("span", { class: "times", title: `${alert.count} events in this alert` }, `×${count(alert.count)}`) : null;
  return el("li", {}, el("a", { class: classes, href: `#/alerts/${alert.alert_id}`, "aria-current": chosen ? "true" : null },
    severity(alert.severity),
    el("span", { class: "row-text" }, el("span", { class: "row-title" }, alert.title, times), el("span", { class: "row-place" }, place(alert))),
    el("span", { class: "row-time" }, time(alert.updated_at, "absolute"), el("span", { class: "muted" }, time(alert.updated_at, "relative"))),
    el("span", { class: "row-marks" }, el("span", { class: "rank" }, severityWord(alert.severity)), statePill(alert), answerPill(alert), exercisePill(alert), verifiedPill(alert), deliveryPill(alert)),
  ));
}

const statePill = (alert) => pill(ALERT_STATES[alert.state] || alert.state, { NEW: "accent", UPDATED: "accent" }[alert.state] || "");
function answerPill(alert) {
  if (alert.closed_by) return pill(`${alert.closed_by_name}: ${OUTCOME[alert.outcome] || "closed"}`);
  if (alert.claimed_by) return pill(`✓ ${alert.claimed_by_name} is at it`, "good");
  return alert.acknowledged_by ? pill(`✓ Seen by ${alert.acknowledged_by_name}`, "good") : null;
}

const OUTCOME = { TRUE: "it was true", FALSE: "it was false", TEST: "it was a test" };
const exercisePill = (alert) => (alert.exercise ? pill("Exercise", "warn") : null);
const verifiedPill = (alert) => (alert.verified_by_names.length ? pill(`✓ ${alert.verified_by_names.join(", ")}`, "good") : null);

function deliveryPill(alert) {
  const states = alert.deliveries.map((delivery) => delivery.state);
  if (!states.length) return alert.receivers.length ? pill("… Not sent yet") : null;
  const failed = states.filter((state) => state === "FAILED").length;
  if (failed) return pill(`✕ ${failed} of ${states.length} not delivered`, "bad");
  if (states.includes("RETRYING")) return pill("↻ Trying again", "warn");
  if (states.every((state) => state === "SUPPRESSED")) return pill("– Held back");
  return pill(states.length > 1 ? `→ Delivered to ${states.length}` : "→ Delivered", "good");
}

function detail(alert, id, redo, may, explains) {
  const pane = (...children) => el("section", { class: "pane", "aria-label": "Alert", "data-scroll": `alert ${id || ""}` }, children);
  if (!id) return pane(empty("No alert chosen", "Choose one on the left to see where it came from, its pictures and who was told."));
  const back = el("a", { class: "back", href: "#/alerts" }, "← All alerts");
  if (!alert) return pane(back, empty("This alert is not in the list", "It may have ended long ago or be hidden by the filter. Choose another one on the left."));
  return pane(back,
    el("header", { class: "pane-head" }, el("p", { class: "over-title" }, severity(alert.severity), statePill(alert), exercisePill(alert)),
      el("h2", {}, alert.title), el("p", { class: "lead" }, place(alert)), alert.description ? el("p", {}, alert.description) : null),
    ...deeds.answers(alert, may, redo), oncall.next(alert), media(alert), facts(mainFacts(alert)), ...causes.section(alert, redo), el("h3", {}, "Who was told"), deliveries(alert), ...(isOpen(alert) ? oncall.section(may, redo) : []), parameters(alert), el("h3", {}, "For the record"), facts(ids(alert)),
    ...(explains ? lineage.section(alert, redo) : []));
}

function mainFacts(alert) {
  return [
    ["Started", time(alert.started_at)],
    ["Last change", time(alert.updated_at)],
    ["Ended", time(alert.ended_at)],
    ["Events in it", count(alert.count)],
    ...causes.facts(alert),
    ["Part of", incidents(alert)],
    ["Zones", (alert.zones || []).join(", ")],
    ["Rule", alert.rule],
    ["Verified by", alert.verified_by_names.join(" and ")],
    ["Authorisation", alert.authorisation_id],
  ];
}

function incidents(alert) {
  const links = (alert.incidents || []).map((incident) => el("a", { href: `#/incidents/${incident.incident_id}` }, `incident ${incident.incident_id.slice(0, 8)} `));
  return links.length ? el("span", { id: "alert-incidents" }, links) : null;
}

function media(alert) {
  const shown = (alert.media || []).slice(0, 4);
  if (!shown.length) return null;
  const figure = (item) => el("figure", {}, picture(item, `${alert.title}, ${place(alert)}`), el("figcaption", {}, (item.role || "picture").toLowerCase()));
  return el("div", { class: "pictures" }, shown.map(figure));
}

function deliveries(alert) {
  if (!alert.deliveries.length) return el("p", { class: "muted" }, alert.receivers.length ? `Nobody yet. It is meant for ${alert.receivers.join(", ")}.` : "Nobody: no route names a receiver for it.");
  const tones = { DELIVERED: "good", RETRYING: "warn", FAILED: "bad" };
  const line = (delivery) => el("tr", {}, el("th", { scope: "row" }, delivery.receiver), el("td", {}, pill(DELIVERY_STATES[delivery.state], tones[delivery.state] || "")),
    el("td", {}, time(delivery.at, "absolute")), el("td", { class: "muted" }, why(delivery)));
  const head = el("thead", {}, el("tr", {}, ["Receiver", "State", "When", "Note"].map((word) => el("th", { scope: "col" }, word))));
  return el("div", { class: "table-frame" }, el("table", {}, head, el("tbody", {}, alert.deliveries.map(line))));
}

function why(delivery) {
  const reason = delivery.reason && delivery.reason !== "ok" ? delivery.reason.replaceAll("_", " ") : "";
  const attempt = delivery.attempt > 1 ? `attempt ${delivery.attempt}` : "";
  return [reason, delivery.status && delivery.status >= 300 ? `HTTP ${delivery.status}` : "", attempt].filter(Boolean).join(", ");
}

function parameters(alert) {
  const rows = Object.entries(alert.parameters || {}).sort(([one], [other]) => one.localeCompare(other));
  return rows.length ? el("details", {}, el("summary", {}, "What the device added"), facts(rows)) : null;
}

function ids(alert) {
  const candidate = alert.candidate_id ? el("a", { href: `#/review/${alert.candidate_id}` }, alert.candidate_id) : null;
  return [["Alert", code(`${alert.alert_id} · revision ${alert.revision}`)], ["Kind", code(alert.event_type)], ["Devices", code((alert.device_ids || []).join(", "))], ["Candidate", candidate]];
}

const code = (text) => el("code", {}, text);
