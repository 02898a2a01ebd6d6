/** Small elements that the studio's scripts share. What they show is text, never markup. */

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
