// Two plates side by side, with every character marked that differs.

import { el } from "./dom.js";

// Pairs of characters by the fewest changes; null stands for a missing one.
export function align(read, listed) {
  const costs = table(read, listed);
  const pairs = [];
  let [i, j] = [read.length, listed.length];
  while (i || j) {
    if (i && j && costs[i][j] === costs[i - 1][j - 1] + (read[i - 1] === listed[j - 1] ? 0 : 1)) pairs.unshift([read[--i], listed[--j]]);
    else if (i && costs[i][j] === costs[i - 1][j] + 1) pairs.unshift([read[--i], null]);
    else pairs.unshift([null, listed[--j]]);
  }
  return pairs;
}

function table(read, listed) {
  const costs = Array.from({ length: read.length + 1 }, (_, i) => [i]);
  for (let j = 0; j <= listed.length; j++) costs[0][j] = j;
  for (let i = 1; i <= read.length; i++) {
    for (let j = 1; j <= listed.length; j++) {
      const change = costs[i - 1][j - 1] + (read[i - 1] === listed[j - 1] ? 0 : 1);
      costs[i][j] = Math.min(change, costs[i - 1][j] + 1, costs[i][j - 1] + 1);
    }
  }
  return costs;
}

export function plates(read, listed) {
  const pairs = align([...(read || "")], [...(listed || "")]);
  const differing = pairs.filter(([one, other]) => one !== other).length;
  const plate = (label, text, side) => el("figure", { class: "plate-box" },
    el("figcaption", {}, label),
    el("p", { class: "plate", role: "img", "aria-label": `${label}: ${[...(text || "nothing")].join(" ")}` }, pairs.map((pair) => character(pair, side))));
  const words = differing ? `${differing} character${differing > 1 ? "s differ" : " differs"}, marked` : "Every character is the same";
  return el("div", { class: "plates" }, plate("Plate as read", read, 0), plate("Plate on the list", listed, 1), el("p", { class: "plate-note" }, words));
}

function character(pair, side) {
  const differs = pair[0] !== pair[1];
  return el(differs ? "mark" : "span", { "aria-hidden": "true" }, pair[side] ?? "·");
}
