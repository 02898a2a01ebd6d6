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

const drafts = new Map(); // for this page, when storage is switched off

/** `draftKey` names where this tab keeps what is written and not sent, also when the page takes the chat away. */
export function makeComposer(root, texts, onSay, draftKey) {
  const [form, field, suggestions] = parts(root, "#composer", "#message", ".suggestions");
  const [missing, bounds] = parts(form, ".missing", "#bounds");
  const focus = () => field.focus({ preventScroll: true });
  let isComposing = false;
  let lastKey = {};
  let sentBreak = false; // by a line break, whose key may still come

  function send() {
    const message = field.value.trim().normalize("NFC");
    const problem = problemOf(message);
    setText(missing, problem);
    field.toggleAttribute("aria-invalid", problem);
    focus();
    if (problem) return;
    write("");
    onSay(message);
  }

  function write(text) {
    field.value = text;
    changed();
  }

  function problemOf(message) {
    if (lengthOf(message.normalize("NFC").replace(INVISIBLE, "")) < LEAST) return texts.tooShort;
    return lengthOf(message) > MOST ? texts.tooLong : "";
  }

  function changed() {
    const message = field.value.trim();
    keepDraft(draftKey, field.value);
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
    if (sentBreak && event.key === "Enter" && !field.value) return event.preventDefault();
    sentBreak = false;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!event.repeat) send();
  };
  // A line break from such a keyboard, or from the Enter that ended a composition on macOS: no other key follows.
  field.addEventListener("beforeinput", (event) => {
    if (event.inputType !== "insertLineBreak" || lastKey.shiftKey) return;
    event.preventDefault();
    if (event.isComposing || isComposing) return;
    sentBreak = true;
    send();
  });
  form.querySelector(".send").onclick = (event) => {
    if (event.detail > 1) event.preventDefault(); // a double tap
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    send();
  };
  write(draftOf(draftKey));

  return {
    focus,
    write,
    isEmpty: () => field.value === "",
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

function keepDraft(key, text) {
  drafts.set(key, text);
  try {
    if (text) sessionStorage.setItem(key, text);
    else sessionStorage.removeItem(key);
  } catch {
    // `drafts` has it.
  }
}

function draftOf(key) {
  try {
    return sessionStorage.getItem(key) ?? drafts.get(key) ?? "";
  } catch {
    return drafts.get(key) ?? "";
  }
}

/** What shows nothing, as the server sees it (`chatbot.dialogue.message.py`). */
const INVISIBLE = /[\p{Z}\p{M}\p{Cc}\p{Cf}\p{Cs}\p{Co}\u115f\u1160\u2800\u3164\uffa0]/gu;

/** As the server counts: composed characters, an emoji's parts one by one. */
const lengthOf = (text) => [...text.normalize("NFC")].length;
