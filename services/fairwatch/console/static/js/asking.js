// Where a text names a people or a faith, the server asks why; the answer is audited.

import { el } from "./dom.js";

export function because(value, set) {
  const field = el("input", { id: "because", maxlength: "500", "aria-label": "Why the word has to stand there", placeholder: "Why it has to stand there", oninput: (event) => set(event.target.value) });
  field.value = value || "";
  return field;
}
