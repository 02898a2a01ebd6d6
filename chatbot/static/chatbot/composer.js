/** The field for messages: Enter sends, Shift+Enter breaks the line, an input method composes. */

import { element, fill, html, parts, round, setText } from "./markup.js";

const LEAST = 2; // visible characters
const MOST = 500;

export const composerMarkup = (texts) => html`
<div class="suggestions" role="group" aria-label="${texts.suggestions}"></div>
<form id="composer">
  <p class="missing" role="alert"></p>
  <div class="field"><textarea id="message" rows="1" lang="ko" enterkeyhint="send" aria-label="${texts.message}" aria-describedby="bounds" placeholder="${texts.placeholder}"></textarea>${round("send", texts.send, "", "submit")}</div>
  <p id="bounds"></p>
</form>`;

export function makeComposer(root, texts, onSay) {
  const [form, field, suggestions] = parts(root, "#composer", "#message", ".suggestions");
  const [missing, bounds] = parts(form, ".missing", "#bounds");
  const focus = () => field.focus({ preventScroll: true });
  let isComposing = false;
  let lastKey = {};

  function send() {
    const message = field.value.trim();
    const problem = problemOf(message);
    setText(missing, problem);
    field.toggleAttribute("aria-invalid", problem);
    focus();
    if (problem) return;
    field.value = "";
    changed();
    onSay(message);
  }

  function problemOf(message) {
    if (lengthOf(message.replace(/[\s\p{C}]/gu, "")) < LEAST) return texts.tooShort;
    return lengthOf(message) > MOST ? texts.tooLong : "";
  }

  function changed() {
    const message = field.value.trim();
    field.style.height = "auto";
    if (field.value) field.style.height = `${field.scrollHeight}px`;
    setText(bounds, field.value && fill(texts.bounds, { count: lengthOf(message) }));
    bounds.classList.toggle("over", lengthOf(message) > MOST);
    if (!message || !problemOf(message)) setText(missing, "");
  }

  field.oninput = changed;
  field.addEventListener("compositionstart", () => (isComposing = true));
  field.addEventListener("compositionend", () => (isComposing = false));
  // Key code 229: an input method takes the key. Safari's Enter that ended a composition has it, after
  // `compositionend`. Every key of some Android keyboards has it, without a name.
  field.onkeydown = (event) => {
    lastKey = event;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!event.repeat) send();
  };
  // A line break from such a keyboard, or from the end of a composition.
  field.addEventListener("beforeinput", (event) => {
    if (event.inputType !== "insertLineBreak" || lastKey.shiftKey) return;
    event.preventDefault();
    if (!event.isComposing && !isComposing && lastKey.key === "Unidentified") send();
  });
  form.onsubmit = (event) => {
    event.preventDefault();
    send();
  };
  changed();

  return {
    focus,
    suggest(messages) {
      const hadFocus = suggestions.contains(root.getRootNode().activeElement);
      suggestions.replaceChildren(
        ...messages.map((message) => {
          const chip = element`<button class="chip" lang="ko">${message}</button>`;
          chip.onclick = () => onSay(message);
          chip.onfocus = () => chip.scrollIntoView({ block: "nearest", inline: "nearest" });
          return chip;
        }),
      );
      if (hadFocus) focus();
    },
  };
}

/** As the server counts: composed characters, an emoji's parts one by one. */
const lengthOf = (text) => [...text.normalize("NFC")].length;
