// Times, numbers and the words for what the records say.

import { el, svg } from "./dom.js";

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const number = new Intl.NumberFormat();
const HALF_YEAR_MS = 183 * 86400 * 1000;
const spans = [["day", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function distance(seconds) {
  const past = Math.round(Math.abs(seconds));
  if (past < 5) return "now";
  const [unit, size] = spans.find(([, length]) => past >= length);
  const amount = Math.floor(past / size);
  const text = `${amount} ${unit}${unit === "day" && amount > 1 ? "s" : ""}`;
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}

function written(at) {
  const moment = new Date(at);
  const now = new Date();
  if (moment.toDateString() === now.toDateString()) return clock.format(moment);
  return (now - moment < HALF_YEAR_MS ? day : absolute).format(moment);
}

// A time in the reader's zone; the pointer shows it in UTC. `shape` is both, relative or absolute.
export function time(micros, shape = "both") {
  if (!micros) return "";
  const at = micros / 1000;
  const utc = new Date(at).toISOString();
  const node = el("time", { datetime: utc, title: `${utc.replace("T", " ").slice(0, 19)} UTC`, "data-at": at, "data-shape": shape });
  node.textContent = timeText(at, shape);
  return node;
}

function timeText(at, shape) {
  const relative = distance((Date.now() - at) / 1000);
  return shape === "relative" ? relative : shape === "absolute" ? written(at) : `${written(at)} · ${relative}`;
}

// How long until a moment of performance.now(): the hub said how many seconds there were, whatever this computer's clock says.
export function countdown(until) {
  const node = el("span", { class: "countdown", "data-until": until });
  node.textContent = left(until);
  return node;
}

function left(until) {
  const seconds = Math.round((until - performance.now()) / 1000);
  if (seconds <= 0) return "now";
  const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
  return `in ${parts.filter(([amount]) => amount).slice(0, 2).map(([amount, unit]) => `${amount} ${unit}`).join(" ")}`;
}

export function refreshTimes() {
  for (const node of document.querySelectorAll("[data-until]")) node.textContent = left(Number(node.dataset.until));
  for (const node of document.querySelectorAll("time[data-at]")) {
    node.textContent = timeText(Number(node.dataset.at), node.dataset.shape);
  }
}

export const count = (value) => (value === null || value === undefined ? "–" : number.format(value));
export const score = (value) => (value === null || value === undefined ? "" : value.toFixed(2));
export const millis = (value) => (value === null || value === undefined ? "–" : value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`);
export const place = (record) => [record.device_name || (record.device_ids || [])[0] || record.device_id, record.site_name].filter(Boolean).join(", ");

const SEVERITIES = {
  EXTREME: ["Extreme", "M5.5.500h5l3.5 3.5v5l-3.5 3.5h-5L2 9V4z"],
  SEVERE: ["Severe", "M8 1.5 15 14H1z"],
  MODERATE: ["Moderate", "M8 1l7 7-7 7-7-7z"],
  MINOR: ["Minor", "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z"],
  UNKNOWN: ["Unrated", "M3 7h10v2H3z"],
};

export const severityWord = (severity) => (SEVERITIES[severity] || SEVERITIES.UNKNOWN)[0];

// Shape and word say it; the colour only repeats it.
export function severity(value) {
  const [word, path] = SEVERITIES[value] || SEVERITIES.UNKNOWN;
  const box = value === "EXTREME" ? "1 -0.5 14 14" : "0 0 16 16";
  const sign = svg("svg", { viewBox: box, class: "sign", "aria-hidden": "true" }, svg("path", { d: path }));
  return el("span", { class: `severity ${(value || "UNKNOWN").toLowerCase()}`, title: word }, sign, el("span", { class: "severity-word" }, word));
}

export const ALERT_STATES = { NEW: "New", UPDATED: "Ongoing", ENDED: "Ended", CANCELLED: "Cancelled" };
export const DELIVERY_STATES = { DELIVERED: "Delivered", RETRYING: "Trying again", FAILED: "Not delivered", SUPPRESSED: "Held back" };
export const OUTCOMES = { PENDING: "Waiting", CONFIRMED: "Confirmed", REJECTED: "Rejected", EXPIRED: "Expired", REVOKED: "Revoked" };
const FACE = { MATCH: "Same person", NO_MATCH: "Not the same", UNSURE: "Unsure" };
const PLATE = { MATCH: "Same plate", NO_MATCH: "Not the same", UNSURE: "Unsure" };

export const decisionWord = (decision, kind) => (kind === "PLATE" ? PLATE : FACE)[decision] || decision;

export function pill(word, tone = "") {
  return el("span", { class: `pill ${tone}` }, word);
}
