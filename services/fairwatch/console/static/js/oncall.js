// Who is on call now, and who is called when nobody answers.

import * as api from "./api.js";
import { el } from "./dom.js";

const LOOK_MS = 30000;
let known = null;
let asked = -LOOK_MS;

export function forget() {
  known = null;
  asked = -LOOK_MS;
}

export function section(may, redo) {
  if (!may) return [];
  if (performance.now() - asked > LOOK_MS) look(redo);
  if (!known || !(known.policies.length || known.error)) return [];
  const now = known.schedules.map((each) => el("li", {}, `${each.name}: `, el("strong", {}, each.people), each.until ? `, until ${each.until}` : ""));
  const steps = known.policies.map((step) => el("li", {}, `${step.policy}, after ${step.after}: `, el("strong", {}, step.whom)));
  return [el("details", { id: "on-call" }, el("summary", {}, "Who is on call, and who is called when nobody answers"),
    known.error ? el("p", { class: "form-error" }, known.error) : null, el("ul", {}, now), el("ul", {}, steps))];
}

async function look(redo) {
  asked = performance.now();
  try {
    known = await api.onCall();
    redo(false);
  } catch {
    // it is asked again; that the console does not answer is said elsewhere
  }
}
