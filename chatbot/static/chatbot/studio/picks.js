/** The pickers for trying prompts. This browser remembers the picks for each template. */

import { config } from "./request.js";

const KEY = `leafresh.studio.picks.${config.trials}`;
const pickers = () => Array.from(document.querySelectorAll("[data-pick]"));

/** What the page's pickers show by their names, or null when there are none. */
export function picked() {
  const found = pickers();
  return found.length ? Object.fromEntries(found.map((picker) => [picker.dataset.pick, picker.value])) : null;
}

/** Restores the last picks that are still offered, and remembers new ones. */
export function rememberPicks() {
  const kept = read();
  for (const picker of pickers()) {
    const value = kept[picker.dataset.pick];
    const offered = picker.options === undefined || Array.from(picker.options).some((option) => option.value === value);
    if (typeof value === "string" && value && offered) picker.value = value;
  }
  onPick(() => keep(picked()));
}

/** Calls `listener` after a new pick, and after a pause in typing a message. */
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
    // Storage is full or switched off: the next visit begins with the first of each.
  }
}
