/** The form for a selection: three groups of cards, from the server's options. */

import { element, failureBox, html, setText } from "./markup.js";

const KINDS = { location: "locations", workType: "workTypes", category: "categories" };

export const pickerMarkup = (texts) => html`
<form id="picker" class="view" novalidate>
  <div class="scroll">
    <div class="greeting"><h2><span class="hello">${texts.hello}</span> ${texts.title}</h2><p>${texts.intro}</p></div>
    <p id="loading" class="status busy">${texts.loading}</p>
    <div id="groups" hidden>${Object.keys(KINDS).map(
      (kind) => html`<fieldset class="group" name="${kind}"><legend>${texts[kind]}</legend><div class="options"></div></fieldset>`,
    )}</div>
  </div>
  <div class="dock" hidden>
    <div class="actions"><p class="status" id="summary"></p><button class="button" type="button" data-action="talk">${texts.talk}</button><button class="button primary" type="submit">${texts.recommend}</button></div>
  </div>
</form>`;

const optionMarkup = (kind, { key, label, description, emoji }, picked) => html`
<label class="option" lang="ko"><input type="radio" name="${kind}" value="${key}" aria-labelledby="is-${key}" aria-describedby="about-${key}"${key === picked ? html` checked` : ""}>
<span class="emoji" aria-hidden="true">${emoji}</span><span class="words"><span class="label" id="is-${key}">${label}</span> <span class="about" id="about-${key}">${description}</span></span><span class="tick"></span></label>`;

/** `load` gives the options and what `onLoad` gets; `onPick` gets a complete selection. */
export function makePicker(form, texts, { load, onLoad, onPick }) {
  const part = (selector) => form.querySelector(selector);
  const [loading, groups, dock, summary] = ["#loading", "#groups", ".dock", "#summary"].map(part);
  const options = {};

  function selection() {
    const data = new FormData(form);
    return Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, data.get(kind) ?? ""]));
  }

  function describe(picked) {
    return Object.keys(KINDS).flatMap((kind) => options[kind]?.find(({ key }) => key === picked[kind]) ?? []);
  }

  /** Keeps the picks. Never rejects. */
  async function reload() {
    const picked = selection();
    part(".failure")?.remove();
    loading.hidden = false;
    try {
      const [loaded, told] = await load();
      for (const [kind, name] of Object.entries(KINDS)) {
        options[kind] = loaded[name];
        const cards = loaded[name].map((option) => element`${optionMarkup(kind, option, picked[kind])}`);
        part(`[name=${kind}] .options`).replaceChildren(...cards);
      }
      groups.hidden = dock.hidden = false;
      changed();
      onLoad(told);
    } catch {
      part(".greeting").append(failureBox(texts.optionsFailed, texts.retry, reload));
    }
    loading.hidden = true;
  }

  function changed() {
    const labels = describe(selection()).map(({ label }) => label);
    setText(summary, labels.join(" · ") || texts.pick);
    form.querySelectorAll(".group:has(:checked) .missing").forEach((it) => it.remove());
  }

  /** The first group without a choice gets a message and the focus. */
  function isComplete() {
    const empty = part(".group:not(:has(:checked))");
    if (!empty) return true;
    empty.querySelector(".missing")?.remove();
    empty.firstElementChild.after(element`<p class="missing" role="alert">${texts.pickHere}</p>`);
    empty.querySelector("input").focus({ preventScroll: true });
    empty.scrollIntoView();
    return false;
  }

  form.onchange = changed;
  form.onsubmit = (event) => {
    event.preventDefault();
    if (isComplete()) onPick(selection());
  };
  return { describe, reload, categories: () => options.category ?? [] };
}
