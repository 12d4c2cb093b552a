// Sites: which are armed, who said so last; people arm and disarm them, with a reason.

import * as api from "./api.js";
import { because } from "./asking.js";
import { el, empty, show } from "./dom.js";
import { pill, time } from "./words.js";

let draft = { id: "" }; // {id, reason, because, asked, error, sending}

export const load = () => api.sites();
export const isWriting = () => document.activeElement?.id === "site-reason" || document.activeElement?.id === "because";

export function forget() {
  draft = { id: "" };
}

export function render(main, answer, redo) {
  const rows = answer.sites.map((site) => row(site, redo));
  show(main, el("section", { class: "page", "aria-label": "Sites" }, el("div", { class: "column-head" }, el("h1", {}, "Sites")),
    rows.length ? el("ol", { class: "silences" }, rows) : empty("No sites", "They appear here as soon as they are published.")));
}

function row(site, redo) {
  const may = site.armed ? site.may.disarm : site.may.arm;
  const open = () => {
    draft = { id: site.site_id, reason: "", error: "", sending: false };
    redo(false);
    document.getElementById("site-reason")?.focus();
  };
  const word = site.armed ? "Disarm" : "Arm";
  return el("li", { class: "card" },
    el("p", {}, pill(site.armed ? "Armed" : "Disarmed", site.armed ? "good" : "warn"), " ", el("strong", {}, site.name)),
    el("p", { class: "muted" }, ...said(site.last)),
    draft.id === site.site_id ? editor(site, word, redo) : may ? el("div", { class: "choices" }, el("button", { type: "button", "data-deed": `site ${site.site_id}`, onclick: open }, `${word} …`)) : null);
}

function said(last) {
  if (!last) return ["Nobody has changed it."];
  const who = last.by_device ? `the device ${last.by_name}` : last.by_name;
  return [last.armed ? "Armed" : "Disarmed", ` by ${who}, `, time(last.at), last.reason ? `: ${last.reason}` : ""];
}

function editor(site, word, redo) {
  const set = (name) => (event) => { draft[name] = event.target.value; };
  const reason = el("input", { id: "site-reason", maxlength: "500", oninput: set("reason") });
  reason.value = draft.reason;
  const close = () => {
    forget();
    redo(false);
  };
  return el("form", { onsubmit: (event) => { event.preventDefault(); send(site, redo); }, onkeydown: (event) => event.key === "Escape" && close() },
    el("label", { for: "site-reason" }, "Why?"), reason, el("p", { class: "form-error", role: "alert" }, draft.error), draft.asked ? because(draft.because, (value) => { draft.because = value; }) : null,
    el("div", { class: "choices" }, el("button", { id: "site-send", class: "primary", disabled: draft.sending }, word), el("button", { type: "button", class: "quiet", onclick: close }, "Go back")));
}

async function send(site, redo) {
  if (draft.sending) return;
  draft = { ...draft, sending: true, error: "" };
  try {
    await (site.armed ? api.disarm : api.arm)(site.site_id, { reason: draft.reason, because: draft.because || "" });
    forget();
    setTimeout(redo, 400); // what was written comes back by its topic
  } catch (error) {
    draft = { ...draft, sending: false, error: error.message, asked: error.word === "asked" };
  }
  redo(false);
}
