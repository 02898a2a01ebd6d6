/** Elements from HTML. */

class Markup extends String {}

/** Markup from a template; its values are escaped. */
export function html(strings, ...values) {
  const put = (value) => {
    if (Array.isArray(value)) return value.map(put).join("");
    if (value instanceof Markup) return value;
    return String(value ?? "").replace(/[&<>"]/g, (it) => `&#${it.charCodeAt(0)};`);
  };
  return new Markup(String.raw({ raw: strings }, ...values.map(put)));
}

// Pages with `require-trusted-types-for 'script'` take HTML from a policy alone. Values in it are escaped already.
const policy = makePolicy() ?? { createHTML: String };

function makePolicy() {
  try {
    return globalThis.trustedTypes?.createPolicy("leafresh", { createHTML: String });
  } catch {
    // The page loads the script twice. The first one is in use.
  }
}

/** The same as an element. */
export function element(...markup) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html(...markup));
  return template.content.firstElementChild;
}

export const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export const parts = (root, ...selectors) => selectors.map((it) => root.querySelector(it));

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const THUMB = "M7 11v9H4v-9ZM7 11l4-8c2 0 2.5 1.5 2 3.5L12.5 9H19a1.5 1.5 0 0 1 1.5 1.9l-1.8 7.6A2 2 0 0 1 16.8 20H7";
const PATHS = {
  copy: "M8 8V5l1-1h10l1 1v10l-1 1h-3M5 8h10l1 1v10l-1 1H5l-1-1V9Z",
  share: "M12 15V3M7.5 7 12 3l4.5 4M5 12v8h14v-8",
  up: THUMB,
  down: THUMB,
  send: "M12 20V4M5 11l7-7 7 7",
  choose: "M4 20l1-4L16 5l3 3L8 19Z",
  forget: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
};

export function failureBox(message, label, act) {
  const box = element`<div class="failure"><p role="alert">${message}</p></div>`;
  const retry = element`<button class="button primary" type="button" data-action="retry">${label}</button>`;
  retry.onclick = act;
  if (label) box.append(retry);
  return box;
}

export const icon = (name) =>
  new Markup(`<svg class="icon ${name}" viewBox="0 0 24 24" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`);

/** A button that shows its icon alone. */
export const round = (name, label, about = "", type = "button") =>
  html`<button class="round ${name}" type="${type}" title="${label}" aria-label="${label}${about && `: ${about}`}">${icon(name)}</button>`;
