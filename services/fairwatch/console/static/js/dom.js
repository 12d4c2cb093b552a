// Small pieces for building the page; text is always set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

// Replaces what is in a place and keeps the keyboard where it was, and open what was unfolded.
export function show(place, ...children) {
  const focused = place.contains(document.activeElement) ? selectorOf(document.activeElement) : null;
  const scrolled = [...place.querySelectorAll("[data-scroll]")].map((node) => [node.dataset.scroll, node.scrollTop]);
  const open = new Set([...place.querySelectorAll("details[open] > summary")].map((node) => node.textContent));
  place.replaceChildren(...children.flat().filter(Boolean));
  for (const node of place.querySelectorAll("details > summary")) if (open.has(node.textContent)) node.parentElement.open = true;
  for (const [name, top] of scrolled) {
    const node = place.querySelector(`[data-scroll="${name}"]`);
    if (node) node.scrollTop = top;
  }
  if (focused) place.querySelector(focused)?.focus({ preventScroll: true });
}

const NAMES = ["href", "id", "data-decision", "data-deed", "data-outcome"];

function selectorOf(node) {
  const name = NAMES.find((each) => node.hasAttribute(each));
  return name ? `[${name}="${CSS.escape(node.getAttribute(name))}"]` : null;
}

export function facts(rows) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", { class: "facts" }, shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

export function empty(title, text) {
  return el("div", { class: "empty" }, el("p", { class: "empty-title" }, title), el("p", {}, text));
}

// Arrow keys walk through the links of a list.
export function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const links = [...event.currentTarget.querySelectorAll("a")];
  const next = links[links.indexOf(document.activeElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
