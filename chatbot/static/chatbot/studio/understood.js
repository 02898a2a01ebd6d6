/** Shows what was understood of a message, above its answer. */

import { tag } from "./elements.js";
import { say } from "./request.js";

/** Fills the element with the given id, when the page has one. */
export function showUnderstood(id, { intent, reasons, withoutModel }) {
  const element = document.getElementById(id);
  if (!element) return;
  element.hidden = !intent;
  element.querySelector(".intent").textContent = intent;
  element.querySelector(".reasons").replaceChildren(...reasons.map((reason) => tag("li", reason)));
  say(element.querySelector(".without-model"), withoutModel);
}
