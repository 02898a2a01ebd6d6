/** A thumb up or down with an optional reason; both can be changed. */

import { element, parts, round } from "./markup.js";

/** `thought` is the opinion so far, or null; `rate` rejects when it cannot be saved. */
export function thumbs({ texts, toast }, thought, rate) {
  const form = element`<form class="thumbs">${round("up", texts.up)}${round("down", texts.down)}<span class="reason" hidden><input value="${thought?.reason}" maxlength="500" aria-label="${texts.reason}" placeholder="${texts.reason}"><button class="button">${texts.send}</button></span></form>`;
  const [input, reason] = parts(form, "input", ".reason");
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
  draw();
  return form;
}
