// The health of every stage, in one table.

import { el, show } from "./dom.js";
import { count, millis, time } from "./words.js";

export const troubles = (answer) => answer.components.filter((row) => !row.ready).length;

export function render(main, answer) {
  const bad = troubles(answer);
  const summary = bad ? `${bad} of ${answer.components.length} need attention. Alerts may be late or missing until they are back.` : "Every stage is running.";
  const head = ["Stage", "State", "In", "Out", "Dead", "Lag", "p50", "p99", "Heard"];
  const titles = { In: "Events taken in", Out: "Events written", Dead: "Events put aside with a reason", Lag: "Events that wait", p50: "Half of the events were handled within this time since the device sent them", p99: "99 of 100 were", Heard: "Last sign of life" };
  const cells = head.map((word, index) => el("th", { scope: "col", class: index > 1 ? "number" : null, title: titles[word] }, word));
  show(main, el("section", { class: "page", "aria-label": "Pipeline" },
    el("div", { class: "column-head" }, el("h1", {}, "Pipeline")), el("p", { class: bad ? "summary bad" : "summary" }, summary),
    el("div", { class: "table-frame wide" }, el("table", { class: "stages" }, el("thead", {}, el("tr", {}, cells)), el("tbody", {}, answer.components.map(line))))));
}

function line(row) {
  const name = el("th", { scope: "row" }, el("span", { class: "stage" }, row.component), el("span", { class: "muted" }, row.does || row.instance));
  if (row.silent) return el("tr", { class: "silent" }, name, el("td", {}, light("silent")), el("td", { colspan: "7", class: "muted" }, "No sign of life for ten seconds. Start it, or look at its log."));
  const number = (value, tone) => el("td", { class: `number ${tone || ""}` }, value);
  return el("tr", {}, name, el("td", {}, light(row.ready ? "ready" : "busy")), number(count(row.received)), number(count(row.emitted)),
    number(count(row.dead), row.dead ? "warn" : ""), number(count(row.lag)), number(millis(row.p50_ms)), number(millis(row.p99_ms)), number(time(row.at, "relative")));
}

function light(state) {
  const [sign, word] = { ready: ["●", "Ready"], busy: ["▲", "Not ready"], silent: ["✕", "Silent"] }[state];
  return el("span", { class: `light ${state}` }, el("span", { "aria-hidden": "true" }, sign), ` ${word}`);
}
