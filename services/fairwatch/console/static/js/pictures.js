// Pictures, fetched once per page (each look is audited) and held in memory only.

import * as api from "./api.js";
import { el, svg } from "./dom.js";

const kept = new Map();
const frames = new Map();

const hashOf = (media) => (media && media.uri && media.uri.startsWith("fw-media:") ? media.uri.slice(9) : null);

function address(sha256, ask) {
  if (!kept.has(sha256)) {
    const coming = ask(sha256).then((blob) => URL.createObjectURL(blob));
    coming.catch(() => kept.delete(sha256));
    kept.set(sha256, coming);
  }
  return kept.get(sha256);
}

export function forgetPictures() {
  for (const coming of kept.values()) coming.then(URL.revokeObjectURL, () => {});
  kept.clear();
  frames.clear();
}

// A frame with a picture, or with the reason why there is none; the same one again, so that nothing flickers.
export function picture(media, alt, box = null, ask = api.picture) {
  const key = `${media?.uri} ${alt}`;
  if (!media || !frames.get(key)?.querySelector("img")) frames.set(key, build(media, alt, box, ask));
  return frames.get(key);
}

function build(media, alt, box, ask) {
  const frame = el("div", { class: "frame" });
  const sha256 = hashOf(media);
  if (!sha256) {
    frame.append(el("p", { class: "no-picture" }, media ? "This picture is kept elsewhere and cannot be shown here." : "No picture."));
    return frame;
  }
  frame.classList.add("loading");
  address(sha256, ask).then((url) => place(frame, url, alt, box), (error) => {
    frame.classList.remove("loading");
    frame.replaceChildren(el("p", { class: "no-picture" }, error.status === 404 ? "The picture has been deleted." : error.message));
  });
  return frame;
}

function place(frame, url, alt, box) {
  const image = el("img", { alt, draggable: "false" });
  image.addEventListener("load", () => {
    frame.classList.remove("loading");
    if (box) frame.append(outline(box, image.naturalWidth, image.naturalHeight));
  });
  image.addEventListener("error", () => {
    frame.classList.remove("loading");
    frame.replaceChildren(el("p", { class: "no-picture" }, "The picture is damaged and cannot be shown."));
  });
  image.src = url;
  frame.replaceChildren(image);
}

function outline(box, width, height) {
  const at = { x: box.x0 * width, y: box.y0 * height, width: (box.x1 - box.x0) * width, height: (box.y1 - box.y0) * height };
  const rim = svg("rect", { ...at, rx: Math.max(width, height) / 60, "vector-effect": "non-scaling-stroke" });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "outline", "aria-hidden": "true" }, rim);
}
