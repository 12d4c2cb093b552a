// Who is on call now, and who is called when nobody answers.

import * as api from "./api.js";
import { el } from "./dom.js";
import { countdown, time } from "./words.js";

const LOOK_MS = 30000;
const WAYS = { email: "e-mail", webhook: "web hook", mqtt: "MQTT", kafka: "Kafka", pagerduty: "PagerDuty", apprise: "Apprise" };
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

// Who is called next about an alert if nobody answers, and when.
export function next(alert) {
  const call = alert.next_call;
  if (!call) return null;
  const words = {
    HELD: () => ["Nobody is called while it is held back; the steps begin anew after that."],
    ANSWERED: () => ["The answer holds until ", time(call.at, "absolute"), ", ", countdown(due(alert)), "; then others are called unless it has ended."],
    DUE: () => ["Next, unless somebody answers: ", el("strong", {}, call.whom.map(called).join("; ") || `step ${call.step} of ${call.policy}`), ", ", countdown(due(alert)), " (", time(call.at, "absolute"), ")"],
  };
  return el("p", { id: "next-call" }, (words[call.state] || words.DUE)());
}

const due = (alert) => alert.answered_at + alert.next_call.in_s * 1000;
const called = ({ name, receiver, way }) => [name || receiver, WAYS[way] || way || receiver].filter((word, at, all) => word && all.indexOf(word) === at).join(", ");

async function look(redo) {
  asked = performance.now();
  try {
    known = await api.onCall();
    redo(false);
  } catch {
    // it is asked again; that the console does not answer is said elsewhere
  }
}
