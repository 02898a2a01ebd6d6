/** What prompts are tried with: the pickers of a page, and remembering them in this browser for each template. */

import { config } from "./request.js";

const KEY = `leafresh.studio.picks.${config.trials}`;
const pickers = () => Array.from(document.querySelectorAll("[data-pick]"));

/** What the page's pickers show by their names, or null when there are none. */
export function picked() {
  const found = pickers();
  return found.length ? Object.fromEntries(found.map((picker) => [picker.dataset.pick, picker.value])) : null;
}

/** Shows what was picked last, as far as it still can be, and remembers what is picked from now on. */
export function rememberPicks() {
  const kept = read();
  for (const picker of pickers()) {
    const value = kept[picker.dataset.pick];
    const offered = picker.options === undefined || Array.from(picker.options).some((option) => option.value === value);
    if (typeof value === "string" && value && offered) picker.value = value;
  }
  onPick(() => keep(picked()));
}

/** Calls `listener` when something else is picked; while one types a message, when one pauses. */
export function onPick(listener, pauseMs = 0) {
  let timer = 0;
  for (const picker of pickers()) {
    picker.addEventListener(picker.options === undefined ? "input" : "change", () => {
      clearTimeout(timer);
      timer = setTimeout(listener, pauseMs);
    });
  }
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function keep(values) {
  try {
    localStorage.setItem(KEY, JSON.stringify(values));
  } catch {
    // Storage is full or switched off: next time begins with the first of each.
  }
}
