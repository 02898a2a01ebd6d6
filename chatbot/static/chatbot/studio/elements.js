/** Small elements that the studio's scripts share. What they show is text, never markup. */

import { say } from "./request.js";

/** @returns {HTMLElement} */
export function tag(name, text = "") {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

/** A challenge as people see it. */
export function card({ title = "", description = "" } = {}) {
  const element = document.createElement("li");
  element.append(tag("strong", title), tag("p", description));
  return element;
}

/** Shows what was understood of a message in the element with the id, when the page has one. */
export function showUnderstood(id, { intent, reasons, withoutModel }) {
  const element = document.getElementById(id);
  if (!element) return;
  element.hidden = !intent;
  element.querySelector(".intent").textContent = intent;
  element.querySelector(".reasons").replaceChildren(...reasons.map((reason) => tag("li", reason)));
  say(element.querySelector(".without-model"), withoutModel);
}
