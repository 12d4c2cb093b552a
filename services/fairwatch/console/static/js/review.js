// Candidates: what waits for two people, and the place where one of them decides.

import * as api from "./api.js";
import { because } from "./asking.js";
import { el, empty, facts, show, svg, walk } from "./dom.js";
import { picture } from "./pictures.js";
import { plates } from "./plates.js";
import { OUTCOMES, count, decisionWord, pill, place, score, time } from "./words.js";

let filter = "pending";
let draft = { id: "", decision: "", reason: "", error: "", sending: false };

export async function load() {
  const [listed, pending] = await Promise.all([api.candidates(filter), filter === "pending" ? null : api.candidates("pending")]);
  return { ...listed, waiting: (pending || listed).candidates.filter((candidate) => candidate.review.may_decide).length, more: (pending || listed).open > (pending || listed).candidates.length };
}

// True while the person is writing: nothing may move under their hands.
export const isWriting = () => Boolean(draft.decision) && ["reason", "because"].includes(document.activeElement?.id);


export function forget() {
  filter = "pending";
  draft = { id: "" };
}

export function render(main, answer, id, redo, chosen) {
  const rows = answer.candidates.map((candidate) => row(candidate, candidate.candidate_id === id));
  const list = rows.length ? el("ol", { class: "rows", onkeydown: walk }, rows) : nothing(answer);
  const column = el("section", { class: "column", "aria-label": "Candidates", "data-scroll": "candidates" }, heading(redo), list);
  show(main, el("div", { class: `split review${id ? " chosen" : ""}` }, column, detail(chosen, id, redo)));
}

function heading(redo) {
  const choose = (state) => () => {
    filter = state;
    redo();
  };
  const button = ([state, word]) => el("button", { type: "button", "aria-pressed": String(filter === state), onclick: choose(state) }, word);
  const options = [["pending", "Waiting"], ["decided", "Decided"]];
  return el("div", { class: "column-head" }, el("h1", {}, "Review"), el("div", { class: "switch", role: "group", "aria-label": "Show" }, options.map(button)));
}

function nothing(answer) {
  if (answer.rebuilding) return empty("Nothing has reached the console yet", "Possible matches appear here by themselves as soon as they are read from the event log.");
  if (filter === "decided") return empty("Nothing decided yet", "Candidates come here once two people have decided, or time has run out.");
  return empty("Nothing waits for you", "Possible matches appear here by themselves. Until two people have confirmed one, nobody is told of it.");
}

function row(candidate, chosen) {
  const { review } = candidate;
  return el("li", {}, el("a", { class: "row", href: `#/review/${candidate.candidate_id}`, "aria-current": chosen ? "true" : null },
    el("span", { class: "kind", title: candidate.kind === "PLATE" ? "Plate" : "Face" }, kindSign(candidate.kind)),
    el("span", { class: "row-text" }, el("span", { class: "row-title" }, candidate.entry_title || candidate.entry_id), el("span", { class: "row-place" }, place(candidate))),
    el("span", { class: "row-time" }, time(candidate.occurred_at, "absolute"), el("span", { class: "muted" }, time(candidate.occurred_at, "relative"))),
    el("span", { class: "row-marks" }, reviewPill(review), candidate.priority === 1 && review.state === "PENDING" ? pill("Urgent", "warn") : null,
      candidate.exercise ? pill("Exercise", "warn") : null, review.may_decide ? el("span", { class: "muted" }, "until ", time(candidate.expires_at, "absolute")) : null),
  ));
}

function reviewPill(review) {
  if (review.state === "CONFIRMED") return pill("✓ Confirmed", "good");
  if (review.state === "REJECTED") return pill("✕ Rejected");
  if (review.state !== "PENDING") return pill(OUTCOMES[review.state]);
  if (review.may_decide) return pill("Waits for you", "accent");
  return pill("… Waiting for a second person");
}

function kindSign(kind) {
  const face = svg("path", { d: "M10 10.5a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6ZM3.5 17.2c.8-3 3.3-4.7 6.5-4.7s5.7 1.7 6.5 4.7" });
  const plate = svg("path", { d: "M2.5 6h15v8h-15zM5.5 10h1.5m2 0h2m2 0h1.5" });
  return svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, kind === "PLATE" ? plate : face);
}

function detail(candidate, id, redo) {
  const pane = (...children) => el("section", { class: "pane", "aria-label": "Candidate", "data-scroll": `candidate ${id || ""}` }, children);
  if (!id) return pane(empty("No candidate chosen", "Choose one on the left. You will see both pictures and decide on your own; what others said stays hidden until all have decided."));
  const back = el("a", { class: "back", href: "#/review" }, "← All candidates");
  if (!candidate) return pane(back, empty("This candidate is not here any more", "It may have been erased, or be older than what the console keeps."));
  const question = candidate.kind === "PLATE" ? "Is this the listed plate?" : "Is this the same person?";
  return pane(back,
    el("header", { class: "pane-head" }, el("p", { class: "over-title" }, reviewPill(candidate.review), candidate.exercise ? pill("Exercise", "warn") : null),
      el("h2", {}, question), el("p", { class: "lead" }, `${candidate.entry_title || candidate.entry_id} · ${place(candidate)}`)),
    candidate.kind === "PLATE" && candidate.plate_read ? plates(candidate.plate_read, candidate.plate_listed) : null,
    comparison(candidate),
    outcome(candidate, redo),
    numbers(candidate));
}

function comparison(candidate) {
  const figure = (media, label, caption, box) => el("figure", {}, el("figcaption", {}, el("strong", {}, label)), picture(media, label, box), el("figcaption", { class: "muted" }, caption));
  const seen = figure(candidate.probe || candidate.scene, "Seen", [time(candidate.occurred_at, "absolute"), `, ${place(candidate)}`], candidate.probe ? candidate.probe_box : null);
  if (candidate.kind === "PLATE" && !candidate.reference) return candidate.probe || candidate.scene ? el("div", { class: "pictures single" }, seen) : null;
  const listed = figure(candidate.reference, "On the list", [candidate.entry_title || candidate.entry_id], null);
  return el("div", { class: "pictures pair" }, seen, listed);
}

function outcome(candidate, redo) {
  const { review } = candidate;
  if (review.may_decide) return decisionForm(candidate, redo);
  if (review.state === "PENDING") return waiting(candidate);
  const line = (item) => el("tr", {}, el("th", { scope: "row" }, item.reviewer_name), el("td", {}, decisionWord(item.decision, candidate.kind)), el("td", {}, time(item.decided_at, "absolute")), el("td", { class: "muted" }, item.reason || ""));
  const table = review.decisions.length ? el("div", { class: "table-frame" }, el("table", {}, el("tbody", {}, review.decisions.map(line)))) : null;
  return el("div", { class: "card decided" }, el("p", { class: "card-title" }, `${OUTCOMES[review.state]}`, " ", el("span", { class: "muted" }, time(review.decided_at || candidate.expires_at))), review.reason ? el("p", {}, review.reason) : null, table);
}

function waiting(candidate) {
  const { review } = candidate;
  if (!review.mine) return el("div", { class: "card" }, el("p", { class: "card-title" }, "Waiting for reviewers"), el("p", { class: "muted" }, `${review.given} of ${review.required} decisions are in. What they say is shown when all are.`));
  return el("div", { class: "card" }, el("p", { class: "card-title", role: "status" }, "Waiting for a second person"),
    el("p", {}, "You said: ", el("strong", {}, decisionWord(review.mine, candidate.kind)), "."),
    el("p", { class: "muted" }, "Somebody else has to look at it on their own. What they say is shown to both of you once it is decided. Please don't talk about it until then."));
}

function decisionForm(candidate, redo) {
  if (draft.id !== candidate.candidate_id) draft = { id: candidate.candidate_id, decision: "", reason: "", error: "", sending: false };
  const warning = el("div", { class: "caution" }, el("strong", {}, "Look first, then read the numbers."),
    el("p", {}, candidate.kind === "PLATE" ? "The reader can be wrong. Compare each character with the picture; if you cannot tell, say so." : "A high score means that two pictures look alike to a machine, not that they show one person. Compare ears, hairline, nose and marks; lighting, age and glasses deceive. If you cannot tell, say so."));
  return el("form", { class: "card decide", onsubmit: (event) => event.preventDefault() }, warning, draft.decision ? confirmation(candidate, redo) : choices(candidate, redo));
}

function choices(candidate, redo) {
  const choose = (decision) => () => {
    draft.decision = decision;
    redo(false);
    document.getElementById("reason")?.focus(); // not the button: a second Enter must not send
  };
  const button = (decision) => el("button", { type: "button", "data-decision": decision, onclick: choose(decision) }, decisionWord(decision, candidate.kind));
  return el("div", { class: "choices", role: "group", "aria-label": "Your decision" }, ["MATCH", "NO_MATCH", "UNSURE"].map(button));
}

function confirmation(candidate, redo) {
  const needed = draft.decision === "MATCH" && candidate.kind !== "PLATE";
  const missing = () => draft.sending || (needed && !draft.reason.trim());
  const write = (event) => {
    draft.reason = event.target.value;
    document.getElementById("send-decision").disabled = missing();
  };
  const reason = el("textarea", { id: "reason", maxlength: "2000", rows: "2", required: needed, oninput: write });
  reason.value = draft.reason;
  const goBack = () => {
    draft.decision = "";
    draft.error = "";
    redo(false);
  };
  return el("div", { class: "confirmation" },
    el("p", {}, "You say: ", el("strong", {}, decisionWord(draft.decision, candidate.kind)), ". It counts under your name and cannot be changed."),
    el("label", { for: "reason" }, "What made you decide so? ", el("span", { class: "muted" }, needed ? "(needed, shown after the verdict)" : "(optional, shown after the verdict)")), reason,
    el("p", { class: "form-error", role: "alert" }, draft.error), draft.asked ? because(draft.because, (text) => { draft.because = text; }) : null,
    el("div", { class: "choices" }, el("button", { type: "button", class: "primary", id: "send-decision", disabled: missing(), onclick: () => send(candidate, redo) }, draft.sending ? "Sending…" : "Send decision"),
      el("button", { type: "button", class: "quiet", onclick: goBack }, "Go back")));
}

async function send(candidate, redo) {
  if (draft.sending) return;
  draft.sending = true;
  draft.error = "";
  redo(false);
  try {
    await api.decide(candidate.candidate_id, draft.decision, draft.reason, draft.because || "");
    draft = { id: "" };
  } catch (error) {
    draft.sending = false;
    draft.error = error.message;
    draft.asked = error.word === "asked";
    if (error.status === 409) draft = { id: "" };
  }
  redo(true);
}

function numbers(candidate) {
  const face = candidate.kind !== "PLATE";
  return el("details", { class: "numbers", open: true }, el("summary", {}, "Why the machine proposes it"), gauge(candidate),
    candidate.explanation?.length ? el("ul", { class: "explanation" }, candidate.explanation.map((sentence) => el("li", {}, sentence))) : null,
    facts([
      ["Score", score(candidate.score)],
      ["Threshold", score(candidate.threshold)],
      ["Picture quality", candidate.probe_quality === null ? null : score(candidate.probe_quality)],
      ["Ahead of the runner-up by", candidate.margin === null ? null : score(candidate.margin)],
      [candidate.algorithm.startsWith("device-list/") ? "Entries of the device's list" : face ? "Faces searched" : "Plates searched", count(candidate.gallery_size)],
      ["Expected false alarms", candidate.expected_fpir ? `1 in ${count(Math.round(1 / candidate.expected_fpir))} searches` : null],
      ["Authorisation", candidate.authorisation_id],
      ["Decide before", time(candidate.expires_at)],
      ["Method", `${candidate.algorithm}, ${candidate.threshold_policy}`],
      ["List version", candidate.gallery_version],
    ]));
}

// The score on a line from 0 to 1, with the threshold as a notch.
function gauge(candidate) {
  const at = (value) => `${Math.min(100, Math.max(0, value * 100))}%`;
  const line = (x, name) => svg("line", { x1: x, x2: x, y1: 2, y2: 22, class: name });
  return svg("svg", { class: "gauge", width: "100%", height: "24", role: "img", "aria-label": `Score ${score(candidate.score)}, threshold ${score(candidate.threshold)}, of 1` },
    svg("rect", { x: 0, y: 9, width: "100%", height: 6, rx: 3, class: "track" }),
    svg("rect", { x: 0, y: 9, width: at(candidate.score), height: 6, rx: 3, class: "value" }),
    line(at(candidate.threshold), "threshold"));
}
