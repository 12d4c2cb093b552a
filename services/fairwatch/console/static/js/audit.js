// The audit log: read only when somebody asks, since each look is itself in the log. Nothing here changes anything.

import * as api from "./api.js";
import { el, empty, show } from "./dom.js";
import { count, pill, time } from "./words.js";

const FIELDS = [["actor", "Who", "dora, processor:verify"], ["subject", "Of what", "candidate, alert, authorisation …"], ["action", "What", "export, media.viewed …"]];
const TIMES = [["since", "From"], ["until", "Until"]];
let shown = { wish: {} }; // {wish, asking, told, error}

export function forget() {
  shown = { wish: {} };
}

export const isWriting = () => Boolean(document.activeElement?.closest("#audit-form input"));

export function render(main, redo) {
  show(main, el("section", { class: "page audit", "aria-label": "Audit" }, el("div", { class: "column-head" }, el("h1", {}, "Audit log")),
    el("p", { class: "muted" }, "Each search is written to the log before anything is read. Whole logs are checked and taken out by ", el("code", {}, "fairwatch audit verify"), " and ", el("code", {}, "export"), "."),
    form(redo), shown.error ? el("p", { class: "form-error", role: "alert" }, shown.error) : null, ...(shown.told ? [state(shown.told.state), list(shown.told)] : [])));
}

function form(redo) {
  const input = (type) => ([name, word, hint]) => {
    const field = el("input", { id: `audit-${name}`, type, maxlength: "200", placeholder: hint, oninput: (event) => { shown.wish[name] = event.target.value; } });
    field.value = shown.wish[name] || "";
    return el("div", {}, el("label", { for: `audit-${name}` }, word), field);
  };
  return el("form", { id: "audit-form", onsubmit: (event) => { event.preventDefault(); load(redo); } }, FIELDS.map(input("text")), TIMES.map(input("datetime-local")),
    el("div", { class: "choices" }, el("button", { id: "audit-ask", class: "primary", disabled: Boolean(shown.asking) }, shown.asking ? "Reading…" : "Look")));
}

async function load(redo) {
  const mine = (shown = { wish: shown.wish, asking: true });
  redo(false);
  try {
    mine.told = await api.audit(query(mine.wish));
  } catch (error) {
    mine.error = error.message;
  }
  mine.asking = false;
  if (shown === mine) redo(false);
}

function query(wish) {
  const words = Object.fromEntries(FIELDS.map(([name]) => [name, wish[name] || ""]));
  for (const [name] of TIMES) words[name] = wish[name] ? String(new Date(wish[name]).getTime() * 1000) : "";
  return { ...words, limit: "200" };
}

function state(log) {
  const far = log.reading;
  const whole = log.fault_count ? pill(`${log.fault_count} faults`, "bad") : far ? pill("Whole so far", "warn") : pill("Whole", "good");
  const anchored = log.checkpoints ? [pill("Anchored", "good"), ` by ${count(log.checkpoints)} checkpoints until `, time(log.anchored_at), log.unanchored ? `; ${count(log.unanchored)} records are newer` : ""]
    : [pill("Not anchored here", "warn"), " no checkpoints lie where the console can read them: ", el("code", {}, "fairwatch audit verify --checkpoints"), " holds the log against those elsewhere"];
  const said = log.anchor_says;
  return el("div", { class: "card", id: "audit-state" }, el("p", {}, whole, ` ${count(log.records)} records of ${log.chains} chains`, log.deleted ? `; ${count(log.deleted)} before them are past their lifetime` : ""),
    far ? el("p", { id: "audit-reading", role: "status" }, pill("Reading", "warn"), " The log is still being read", ...(far.until ? [", up to ", time(far.until)] : []), `: ${count(log.records)} of about ${count(far.of)} records. What follows is not found yet: look again in a while.`) : null,
    el("p", {}, ...anchored), said ? el("p", { class: "muted" }, `The anchor said ${said.action} of ${said.subject}, `, time(said.at)) : null,
    log.faults.map((fault) => el("p", { class: "form-error" }, `${fault.chain} record ${fault.sequence}: ${fault.kind}. ${fault.detail}`)));
}

function list(told) {
  if (!told.records.length) return empty("Nothing found", told.state.reading ? "No record that was read until now is of that kind." : "No record of the log is of that kind.");
  const head = ["When", "Who", "What", "Of what", "Details", "Place"].map((word) => el("th", { scope: "col" }, word));
  return el("div", {}, el("p", { class: "muted" }, told.found > told.records.length ? `The newest ${count(told.records.length)} of ${count(told.found)}` : `${count(told.found)} records`),
    el("div", { class: "table-frame wide" }, el("table", { class: "stages", id: "audit-records" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, told.records.map(row)))));
}

function row(record) {
  const told = Object.entries(record.details || {}).map(([name, value]) => `${name} ${value}`);
  const details = [...told, ...(record.deed ? [`signed (${record.deed.method})`] : [])].join(" · ");
  return el("tr", {}, el("td", {}, time(record.at)), el("td", {}, record.actor), el("td", {}, record.action), el("td", {}, record.subject), el("td", { class: "muted" }, details),
    el("td", { class: "muted", title: record.hash }, `${record.chain}/${record.sequence}`));
}
