// What waits for a second person: seen as it is signed, agreed to or refused by somebody else than who asked.

import * as api from "./api.js";
import { because } from "./asking.js";
import { el, empty, facts, show, walk } from "./dom.js";
import { picture } from "./pictures.js";
import { count, pill, time } from "./words.js";

const KINDS = { authorisation: "Authorisation", entries: "Watchlist entries", export: "Export", policy: "Change of policies" };
const COMMANDS = { entries: (one) => `fairwatch entries approve --list ${one.seen.slice(0, 16)}`, policy: () => "fairwatch access sign access.proposed.cedar" };
const TIME = /(_from|_until|_at)$/;

let draft = fresh(""); // {key, reason, because, error, sending, asked, entries}
let told = { key: "", word: "" }; // what was taken, until it comes back by its topic

export const load = () => api.waiting();
export const isWriting = () => ["waiting-reason", "because"].includes(document.activeElement?.id);

export function forget() {
  draft = fresh("");
  told = { key: "", word: "" };
}

function fresh(key) {
  return { key, reason: "", because: "", error: "", sending: false, asked: false, entries: null, open: new Set() };
}

const keyOf = (one) => `${one.kind}:${one.id}`;

export function render(main, answer, id, redo) {
  const chosen = answer.waiting.find((one) => keyOf(one) === id);
  const rows = answer.waiting.map((one) => row(one, one === chosen));
  const nothing = answer.reading ? empty("One moment", "What people ask for is being read.") : empty("Nothing waits", "What one person asks for and a second one has to agree to appears here.");
  const column = el("section", { class: "column", "aria-label": "Waiting for a second person", "data-scroll": "waiting" },
    el("div", { class: "column-head" }, el("h1", {}, "Waiting for a second person")), rows.length ? el("ol", { class: "rows", onkeydown: walk }, rows) : nothing);
  show(main, el("div", { class: `split${id ? " chosen" : ""}` }, column, pane(chosen, id, redo)));
}

function row(one, chosen) {
  const what = one.kind === "entries" ? `${count(one.facts.entries)} ${one.facts.entries === 1 ? "entry" : "entries"} under ${one.authorisation_id}` : one.kind === "policy" ? `version ${one.id}` : one.facts.objective || one.facts.purpose || one.id;
  return el("li", {}, el("a", { class: "row", href: `#/waiting/${encodeURIComponent(keyOf(one))}`, "aria-current": chosen ? "true" : null },
    el("span", {}),
    el("span", { class: "row-text" }, el("span", { class: "row-title" }, `${KINDS[one.kind]}: ${what}`), el("span", { class: "row-place" }, one.asked_by_name ? `asked for by ${one.asked_by_name}` : "")),
    el("span", { class: "row-time" }, time(one.since, "absolute"), el("span", { class: "muted" }, time(one.since, "relative"))),
    el("span", { class: "row-marks" }, mark(one))));
}

function mark(one) {
  if (one.refused) return pill("Not authentic", "bad");
  if (one.is_own) return pill("Yours: another person decides");
  return one.waits_for_you ? pill("Waits for you", "accent") : pill("Waits");
}

function pane(one, id, redo) {
  const back = el("a", { class: "back", href: "#/waiting" }, "All that waits");
  if (!one) return el("section", { class: "pane" }, id ? back : null, empty(id ? "It waits no more" : "Nothing chosen", id ? "Somebody decided, it was taken back, or its time is over." : "Choose something to see what is asked for."));
  if (draft.key !== keyOf(one)) draft = fresh(keyOf(one));
  const rows = [["Asked for by", one.asked_by_name], ["Since", time(one.since)], ["Until", one.until ? time(one.until) : ""], ...Object.entries(one.facts).map(([name, value]) => [words(name), shown(name, value)]), ["Hash of what is asked for", el("code", {}, one.seen.slice(0, 16))]];
  return el("section", { class: "pane", "aria-label": KINDS[one.kind], "data-scroll": "waiting-pane" }, back, el("h2", {}, KINDS[one.kind]), mark(one), facts(rows), one.kind === "entries" ? entries(one, redo) : null, deciding(one, redo));
}

const words = (name) => name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());

function shown(name, value) {
  if (TIME.test(name) && Number.isFinite(value)) return time(value);
  if (Array.isArray(value)) return value.map((one) => (typeof one === "object" ? JSON.stringify(one) : one)).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// Whoever looks at the entries of a list is in the audit log first.
function entries(one, redo) {
  if (!draft.entries) return el("button", { type: "button", id: "waiting-look", onclick: () => look(one, redo) }, "Show the entries");
  const line = (entry) => el("li", {}, el("code", {}, entry.plate || entry.entry_id), ` ${entry.title}, ${entry.kind.toLowerCase()}, ${entry.reason || "no reason given"}`, ", until ", entry.valid_until ? time(entry.valid_until, "absolute") : "its authorisation ends", pictures(one, entry, redo));
  const rest = draft.more ? el("p", { class: "muted" }, `${count(draft.more)} more, which the page does not show. The hash stands for all: `, el("code", {}, "fairwatch entries waiting"), " prints it beside the file that was enrolled.") : null;
  return el("div", {}, el("ol", { class: "plain", id: "waiting-entries" }, draft.entries.map(line)), rest);
}

// Each picture is in the audit log before it is shown; who agrees to a face has to have seen it.
function pictures(one, entry, redo) {
  if (!entry.references?.length) return null;
  const open = () => {
    draft.open.add(entry.entry_id);
    redo(false);
  };
  if (!draft.open.has(entry.entry_id)) return el("button", { type: "button", class: "quiet", "data-deed": `pictures ${entry.entry_id}`, onclick: open }, ` Show ${count(entry.references.length)} ${entry.references.length === 1 ? "picture" : "pictures"}`);
  const ask = (sha256) => api.waitingPicture(one.kind, one.id, sha256);
  return el("div", { class: "pictures pair" }, entry.references.map((media, number) => picture(media, `${entry.title}, picture ${number + 1} of the list`, null, ask)));
}

function deciding(one, redo) {
  if (told.key === keyOf(one) + one.seen) return el("p", { role: "status" }, told.word);
  const command = COMMANDS[one.kind] && (one.kind === "policy" || one.is_too_long) ? el("p", {}, "At the command line: ", el("code", {}, COMMANDS[one.kind](one))) : null;
  if (command || one.is_own || !(one.waits_for_you || one.refused)) return command;
  const reason = el("input", { id: "waiting-reason", maxlength: "500", oninput: (event) => { draft.reason = event.target.value; } });
  reason.value = draft.reason;
  const button = (decision, word, kind, off) => el("button", { type: "button", class: kind, "data-decision": decision, disabled: draft.sending || off, onclick: () => decide(one, decision, redo) }, word);
  return el("form", { class: "card", onsubmit: (event) => event.preventDefault() },
    el("label", { for: "waiting-reason" }, "Why? Whoever refuses has to say."), reason,
    draft.asked ? because(draft.because, (text) => { draft.because = text; }) : null,
    el("p", { class: "form-error", role: "alert" }, draft.error),
    el("div", { class: "choices" }, button("APPROVE", "Agree", "primary", Boolean(one.refused) || (one.kind === "entries" && !draft.entries)), button("REJECT", "Refuse", "", false)));
}

async function look(one, redo) {
  try {
    const whole = await api.waitingFor(one.kind, one.id);
    draft.entries = whole.records;
    draft.more = whole.more;
  } catch (error) {
    draft.error = error.message;
  }
  redo(false);
}

async function decide(one, decision, redo) {
  draft = { ...draft, sending: true, error: "" };
  redo(false);
  try {
    await api.decideWaiting(one.kind, one.id, { decision, seen: one.seen, reason: draft.reason, because: draft.because });
    told = { key: keyOf(one) + one.seen, word: decision === "APPROVE" ? "You agreed." : "You refused it." };
    draft = fresh("");
    setTimeout(redo, 400);
  } catch (error) {
    draft = { ...draft, sending: false, error: error.message, asked: error.word === "asked" };
  }
  redo(false);
}
