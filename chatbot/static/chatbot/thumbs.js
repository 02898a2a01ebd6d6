/** What a person thinks of an answer: a thumb up or down, a reason if they like; changed and taken back at will. */

import { element, round } from "./markup.js";

/** `thought` is what was said before, or null; `rate` tells the server, and rejects when it cannot. */
export function thumbs({ texts, toast }, thought, rate) {
  const form = element`<form class="thumbs">${round("up", texts.up)}${round("down", texts.down)}<span class="reason"><input maxlength="500" aria-label="${texts.reason}" placeholder="${texts.reason}"><button class="button">${texts.send}</button></span></form>`;
  const [input, reason] = [form.querySelector("input"), form.querySelector(".reason")];
  const buttons = ["up", "down"].map((thumb) => [thumb, form.querySelector(`.${thumb}`)]);
  const draw = () => buttons.forEach(([thumb, it]) => it.setAttribute("aria-pressed", thumb === thought?.thumb));

  async function give(given) {
    const before = thought;
    thought = given;
    draw();
    try {
      await rate(given);
      toast(given ? texts.thanks : texts.takenBack);
      return true;
    } catch {
      thought = before;
      draw();
      toast(texts.rateFailed);
      return false;
    }
  }

  for (const [thumb, button] of buttons) {
    button.onclick = () => {
      const isTakenBack = thought?.thumb === thumb;
      reason.hidden = isTakenBack;
      reason.scrollIntoView({ block: "nearest" });
      give(isTakenBack ? null : { thumb, reason: input.value.trim() });
    };
  }
  form.onsubmit = async (event) => {
    event.preventDefault();
    reason.hidden = await give({ thumb: thought.thumb, reason: input.value.trim() });
    if (reason.hidden) form.querySelector("[aria-pressed=true]").focus();
  };
  input.value = thought?.reason ?? "";
  reason.hidden = true;
  draw();
  return form;
}
