// Where an alert comes from: read only when somebody asks, since each look is in the audit log.

import * as api from "./api.js";
import { el } from "./dom.js";

let shown = { id: "" };

export function forget() {
  shown = { id: "" };
}

export function section(alert, redo) {
  if (shown.id !== alert.alert_id) shown = { id: alert.alert_id };
  const ask = el("button", { type: "button", id: "lineage-ask", disabled: Boolean(shown.asking), onclick: () => load(alert, redo) }, shown.asking ? "Reading…" : "Show the chain");
  const body = shown.told ? chain(shown.told) : el("div", {}, el("p", { class: "muted" }, "From the hash of the bytes to the last delivery. That you look is written to the audit log."), ask);
  return [el("h3", {}, "Where does this come from?"), body, shown.error ? el("p", { class: "form-error", role: "alert" }, shown.error) : null];
}

async function load(alert, redo) {
  const mine = (shown = { id: alert.alert_id, asking: true });
  redo(false);
  try {
    mine.told = await api.lineage(alert.alert_id);
  } catch (error) {
    mine.error = error.message;
  }
  mine.asking = false;
  if (shown === mine) redo(false);
}

function chain(told) {
  const steps = told.chain.map((step) => el("li", {}, el("strong", {}, step.step), " ", el("span", { class: "muted" }, step.why ? `${step.status}: ${step.why}` : step.status), step.facts.map(line)));
  return el("ol", { class: "deeds", id: "lineage" }, steps);
}

function line(facts) {
  const rows = Object.entries(facts).filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && !value.length));
  return el("p", {}, rows.map(([name, value]) => `${name.replaceAll("_", " ")} ${text(value)}`).join(" · "));
}

function text(value) {
  if (Array.isArray(value)) return value.map(text).join(", ");
  if (value && typeof value === "object") return Object.entries(value).map(([name, part]) => `${name} ${text(part)}`).join(", ");
  return typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(4) : String(value);
}
