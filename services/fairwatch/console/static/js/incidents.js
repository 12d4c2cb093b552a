// Incidents: alerts that belong together, as a list and a timeline; operators merge and split them.

import * as api from "./api.js";
import { because } from "./asking.js";
import { el, empty, facts, show, walk } from "./dom.js";
import { count, pill, time } from "./words.js";

const ROLES = { SUBJECT: "Person", VEHICLE: "Vehicle", ACCESS: "Access", PERIMETER: "Perimeter", HAZARD: "Hazard", TECHNICAL: "Technical", OTHER: "Other" };
const STATES = { OPEN: ["Open", "accent"], CLOSED: ["Closed", ""], MERGED: ["Merged", ""] };
const DEEDS = { MERGE: "merged with", SPLIT: "split from or into" };

let filter = "all";
let told = { id: "", word: "" }; // what was taken, until it comes back as a change
let draft = { id: "" }; // {id, into, alerts, note, error, sending, asked, because}

export const load = () => api.incidents(filter);
export const isWriting = () => document.activeElement?.id === "incident-note" || document.activeElement?.id === "incident-into";

export function forget() {
  filter = "all";
  draft = { id: "" };
  told = { id: "", word: "" };
}

export function render(main, answer, id, redo, one, may) {
  const chosen = answer.incidents.find((incident) => incident.incident_id === id) || one;
  const rows = answer.incidents.map((incident) => row(incident, incident.incident_id === id));
  const list = rows.length ? el("ol", { class: "rows", onkeydown: walk }, rows) : empty("No incidents", "Alerts that are near each other in time and place appear here as one, where rules of incidents take them.");
  const column = el("section", { class: "column", "aria-label": "Incidents", "data-scroll": "incidents" }, heading(redo), list);
  show(main, el("div", { class: `split${id ? " chosen" : ""}` }, column, pane(chosen, id, answer.incidents, redo, may)));
}

function heading(redo) {
  const choose = (state) => () => {
    filter = state;
    redo();
  };
  const button = ([state, word]) => el("button", { type: "button", "aria-pressed": String(filter === state), onclick: choose(state) }, word);
  return el("div", { class: "column-head" }, el("h1", {}, "Incidents"), el("div", { class: "switch", role: "group", "aria-label": "Show" }, [["all", "All"], ["open", "Open"], ["closed", "Closed"]].map(button)));
}

const certainty = (record) => (record.certainty === "UNKNOWN" ? "–" : record.certainty.toLowerCase());
const title = (incident) => roles(incident).join(", ") || "Everything was withdrawn";
const where = (incident) => [incident.site_name || incident.site_id, incident.rule].filter(Boolean).join(", ");

function roles(incident) {
  const amounts = new Map();
  for (const member of incident.members) amounts.set(member.role, (amounts.get(member.role) || 0) + 1);
  return [...amounts].map(([role, amount]) => (amount > 1 ? `${count(amount)} × ${ROLES[role].toLowerCase()}` : ROLES[role]));
}

function row(incident, chosen) {
  return el("li", {}, el("a", { class: `row${incident.state === "OPEN" ? "" : " over"}`, href: `#/incidents/${incident.incident_id}`, "aria-current": chosen ? "true" : null },
    el("span", {}),
    el("span", { class: "row-text" }, el("span", { class: "row-title" }, title(incident)), el("span", { class: "row-place" }, where(incident))),
    el("span", { class: "row-time" }, time(incident.updated_at, "absolute"), el("span", { class: "muted" }, time(incident.updated_at, "relative"))),
    el("span", { class: "row-marks" }, statePill(incident), tooFastPill(incident), pill(incident.distinct === 1 ? "1 event" : `${count(incident.distinct)} events`))));
}

const statePill = (incident) => pill(...STATES[incident.state]);
const tooFastPill = (incident) => (incident.implausible ? pill("Too fast between two cameras", "bad") : null);

function pane(incident, id, others, redo, may) {
  const section = (...children) => el("section", { class: "pane", "aria-label": "Incident", "data-scroll": `incident ${id || ""}` }, children);
  if (!id) return section(empty("No incident chosen", "Choose one on the left to see what happened, in order."));
  const back = el("a", { class: "back", href: "#/incidents" }, "← All incidents");
  if (!incident) return section(back, empty("There is no such incident", "It may be older than what is kept."));
  if (draft.id !== id) draft = { id, into: "", alerts: new Set(), note: "", error: "", sending: false };
  const acts = may && incident.state !== "MERGED";
  return section(back,
    el("header", { class: "pane-head" }, el("p", { class: "over-title" }, statePill(incident), tooFastPill(incident)), el("h2", {}, title(incident)), el("p", { class: "lead" }, where(incident))),
    incident.merged_into ? el("p", {}, "It went into ", link(incident.merged_into), ".") : null,
    facts([["Started", time(incident.started_at)], ["Last change", time(incident.updated_at)], ["Closed", time(incident.closed_at)], ["Certainty", certainty(incident)], ["Events", count(incident.events)]]),
    el("h3", {}, "What happened"), timeline(incident, acts, redo), acts ? desk(incident, others, redo) : null,
    el("h3", {}, "What people did"), deeds(incident), el("h3", {}, "For the record"), facts([["Incident", el("code", {}, `${incident.incident_id} · revision ${incident.revision}`)], ["Split from", incident.split_from ? link(incident.split_from) : null]]));
}

const link = (id) => el("a", { href: `#/incidents/${id}` }, id.slice(0, 8));

function timeline(incident, acts, redo) {
  const head = el("thead", {}, el("tr", {}, ["When", "What", "Where", "Certainty", "Note", acts ? "Split off" : "Alert"].map((word) => el("th", { scope: "col" }, word))));
  const rows = incident.timeline.map((event) => line(event, acts, redo));
  const more = incident.more_events ? el("p", { class: "muted" }, `and ${count(incident.more_events)} more`) : null;
  return el("div", {}, el("div", { class: "table-frame", id: "timeline" }, el("table", {}, head, el("tbody", {}, rows))), more);
}

function line(event, acts, redo) {
  if (event.state === "WITHDRAWN") return el("tr", { class: "muted" }, el("td", {}, time(event.at, "absolute")), el("td", { colspan: "5" }, "Withdrawn: its alert was revoked or erased"));
  const alert = el("a", { href: `#/alerts/${event.alert_id}` }, "Alert");
  const choose = (change) => {
    if (change.target.checked) draft.alerts.add(event.alert_id);
    else draft.alerts.delete(event.alert_id);
    redo(false);
  };
  const box = el("input", { type: "checkbox", "data-deed": `split ${event.event_id}`, checked: draft.alerts.has(event.alert_id), "aria-label": `Split off the alert of ${event.event_type}`, onchange: choose });
  return el("tr", {}, el("td", {}, time(event.at, "absolute"), event.until ? [" to ", time(event.until, "absolute")] : null), el("td", {}, el("strong", {}, ROLES[event.role]), ` ${event.event_type}`),
    el("td", {}, event.device_id), el("td", {}, certainty(event)), el("td", {}, note(event)), el("td", {}, acts ? [box, " ", alert] : alert));
}

function note(event) {
  const seconds = event.took_ms === null ? "" : `${count(Math.round(event.took_ms / 1000))} s from one camera to the other`;
  if (event.remark === "IMPLAUSIBLE_TRANSIT") return pill(`Too fast: ${count(Math.round(event.took_ms / 1000))} s`, "bad");
  if (event.remark === "PLAUSIBLE_TRANSIT") return pill(seconds, "good");
  return event.same_as ? "the same, seen again" : "";
}

function desk(incident, others, redo) {
  const near = others.filter((other) => other.place === incident.place && other.incident_id !== incident.incident_id);
  const set = (name) => (event) => { draft[name] = event.target.value; };
  const into = el("select", { id: "incident-into", onchange: (event) => { set("into")(event); redo(false); } },
    el("option", { value: "" }, near.length ? "Choose another incident of this place" : "There is no other incident of this place"),
    near.map((other) => el("option", { value: other.incident_id, selected: other.incident_id === draft.into }, `${title(other)}, ${new Date(other.started_at / 1000).toLocaleString()}`)));
  const text = el("input", { id: "incident-note", maxlength: "1000", oninput: set("note") });
  text.value = draft.note;
  return el("div", { class: "card" },
    el("label", { for: "incident-into" }, "Merge it into"), into, el("label", { for: "incident-note" }, "Why?"), text,
    el("p", { class: "form-error", role: "alert" }, draft.error), el("p", { id: "incident-told", role: "status" }, told.id === incident.incident_id ? told.word : ""), draft.asked ? because(draft.because, set("because")) : null,
    el("div", { class: "choices" },
      el("button", { type: "button", "data-deed": "merge", disabled: draft.sending || !draft.into, onclick: () => send(incident, { action: "MERGE", into: draft.into }, redo) }, "Merge"),
      el("button", { type: "button", "data-deed": "split", disabled: draft.sending || !draft.alerts.size, onclick: () => send(incident, { action: "SPLIT", alerts: [...draft.alerts] }, redo) }, "Split off what is marked")));
}

function deeds(incident) {
  if (!incident.deeds.length) return el("p", { class: "muted" }, "Nobody has merged or split it.");
  return el("ol", { class: "deeds" }, incident.deeds.map((deed) => el("li", {}, el("strong", {}, deed.actor_name), ` ${DEEDS[deed.action]} `, link(deed.other), " ", el("span", { class: "muted" }, time(deed.at)), deed.text ? el("p", {}, deed.text) : null)));
}

async function send(incident, deed, redo) {
  draft = { ...draft, sending: true, error: "" };
  redo(false);
  try {
    await api.actOnIncident(incident.incident_id, { ...deed, note: draft.note, because: draft.because || "" });
    draft = { id: "" };
    told = { id: incident.incident_id, word: deed.action === "MERGE" ? "The merge is taken." : "The split is taken." };
  } catch (error) {
    draft = { ...draft, sending: false, error: error.message, asked: error.word === "asked" };
  }
  redo(true);
}
