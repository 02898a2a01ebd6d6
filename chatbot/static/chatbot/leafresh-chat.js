/** `<leafresh-chat>`: the whole chat in a shadow root; see docs/client.md. Its content is shown until it is ready. */

import { composerMarkup } from "./composer.js";
import { loadOptions } from "./leafresh-client.js";
import { element, html, icon } from "./markup.js";
import { makePicker, pickerMarkup } from "./picker.js";
import { makeTalk } from "./talk.js";

const plain = (name, label) => html`<button class="plain" data-action="${name}">${icon(name)}${label}</button>`;
const button = (name, label) => html`<button class="button ${name}" data-action="${name}" hidden>${label}</button>`;
const chatMarkup = (texts, language) => html`
<div class="frame" lang="${language}" dir="ltr" hidden><div class="chat">
  ${pickerMarkup(texts)}
  <section id="conversation" class="view" aria-label="${texts.conversation}" hidden>
    <div class="bar">${plain("choose", texts.choose)}${plain("forget", texts.forget)}</div>
    <div class="scroll" id="turns" tabindex="-1"></div>
    <div class="dock">
      <div class="now"><p class="status" id="status"></p>${button("stop", texts.stop)}${button("again", texts.again)}</div>
      ${composerMarkup(texts)}
    </div>
  </section>
  <dialog aria-labelledby="forget-title"><form method="dialog">
    <h2 id="forget-title">${texts.forgetTitle}</h2><p>${texts.forgetText}</p><p class="missing" role="alert"></p>
    <div class="actions"><button class="button">${texts.cancel}</button><button class="button primary" type="button" data-action="erase">${texts.forgetYes}</button></div>
  </form></dialog>
  <p class="toast" hidden></p>
  <div class="only-heard" id="announcements" aria-live="polite"></div>
</div></div>`;

class LeafreshChat extends HTMLElement {
  #root = this.attachShadow({ mode: "open" });
  #life;

  static observedAttributes = ["lang", "server", "session"];

  attributeChangedCallback(name, before, now) {
    if (!this.#life || before === now) return;
    this.#life.abort();
    if (this.isConnected) this.connectedCallback();
  }

  connectedCallback() {
    if (this.#life?.signal.aborted === false) return; // it was moved
    this.#life = new AbortController();
    this.#root.replaceChildren(document.createElement("slot"));
    begin(this, this.#root, this.#life.signal);
  }

  disconnectedCallback() {
    setTimeout(() => this.isConnected || this.#life.abort()); // an element that is moved is back by then
  }

  /** Pages ask this of an event's target before they take a key for a shortcut of theirs. */
  get isContentEditable() {
    return this.#root.activeElement?.matches(WRITABLE) ?? super.isContentEditable;
  }
}

const WRITABLE = "textarea, input:not([type=radio])";
const TYPING = ["beforeinput", "input", "compositionstart", "compositionupdate", "compositionend", "copy", "cut", "paste"];

/** Keeps what is typed from the page around, whose shortcuts see only that it came from the chat. */
function keepTyping(chat) {
  const stop = (event) => event.stopPropagation();
  for (const type of TYPING) chat.addEventListener(type, stop);
  const isOurs = ({ key, ctrlKey, metaKey, target }) => {
    if (key === "Escape") return target.closest("dialog");
    if (target.matches(WRITABLE)) return key !== "Tab" && !ctrlKey && !metaKey;
    return PRESSING.test(key);
  };
  const stopKey = (event) => isOurs(event) && stop(event);
  for (const type of ["keydown", "keypress", "keyup"]) chat.addEventListener(type, stopKey);
}

const PRESSING = /^( |Enter|Arrow.*|Home|End|Page.*)$/; // buttons, choices, scrolling

try {
  const rem = { name: "--leafresh-rem", syntax: "<length>", inherits: true, initialValue: "16px" };
  CSS.registerProperty(rem); // a length is computed where it is set; a style sheet in a shadow root cannot register it
} catch {
  // Registered already, or an older browser.
}

async function begin(host, root, signal) {
  const server = host.getAttribute("server") ?? new URL("../..", import.meta.url).href;
  const { texts, language, startUrl } = await setup(host, server);
  if (signal.aborted) return;
  const style = element`<link rel="stylesheet" href="${new URL("leafresh-chat.css", import.meta.url)}">`;
  const chat = element`${chatMarkup(texts, language)}`;
  const part = (selector) => chat.querySelector(selector);
  const [dialog, toaster, announcements, list] = ["dialog", ".toast", "#announcements", "#turns"].map(part);
  style.onload = style.onerror = () => {
    slot.remove();
    chat.hidden = false;
  };
  const slot = root.querySelector("slot"); // extensions put styles of theirs before it
  root.append(style, chat);
  keepTyping(chat);

  function announce(text) {
    if (text) announcements.append(element`<p>${text}</p>`);
    while (announcements.children.length > 8) announcements.firstElementChild.remove();
  }

  let toasted;
  function toast(text) {
    toaster.textContent = text;
    toaster.hidden = false;
    clearTimeout(toasted);
    toasted = setTimeout(() => (toaster.hidden = true), 4000);
    announce(text);
  }

  /** Where the newest turn ends at the lower edge. In a short window the turns scroll with all around them. */
  function end() {
    const scroller = getComputedStyle(list).overflowY === "visible" ? list.parentElement : list;
    const height = scroller === list ? list.scrollHeight : list.offsetTop + list.offsetHeight;
    return { scroller, place: height - scroller.clientHeight };
  }

  function toEnd() {
    const { scroller, place } = end();
    scroller.scrollTop = place;
  }

  // Also when the page shows the chat at last, the window turns, or a keyboard opens.
  let isAtEnd = true;
  const looked = () => (isAtEnd = end().place - end().scroller.scrollTop < 80);
  for (const it of [list, list.parentElement]) it.addEventListener("scroll", looked);
  const resized = new ResizeObserver(() => {
    if (isAtEnd) toEnd();
    const { scroller } = end();
    if (scroller !== list && root.activeElement?.matches(WRITABLE)) scroller.scrollTop = scroller.scrollHeight;
  });
  resized.observe(list.parentElement);
  signal.addEventListener("abort", () => resized.disconnect());

  /** Some browsers lay a keyboard over the page (iOS): the chat ends where it begins. */
  function avoidKeyboard() {
    const { height, offsetTop, scale } = visualViewport;
    const isOpen = scale < 1.05 && document.documentElement.clientHeight - height > 120;
    const covered = host.getBoundingClientRect().bottom - offsetTop - height;
    chat.style.height = isOpen && covered > 0 ? `calc(100% - ${covered}px)` : "";
  }
  for (const type of ["resize", "scroll"]) globalThis.visualViewport?.addEventListener(type, avoidKeyboard, { signal });

  /** Makes a change. If the end was in view, it stays there. */
  function following(change) {
    const { scroller, place } = end();
    const wasAtEnd = place - scroller.scrollTop < 80;
    change();
    if (wasAtEnd && end().place > scroller.scrollTop) toEnd();
  }

  function reveal(name) {
    for (const view of chat.querySelectorAll(".view")) view.hidden = view.id !== name;
    toEnd();
  }

  /** Notes the view in the browser's history, beside what the page's own router keeps there. */
  function note(name, how) {
    if (host.hasAttribute("history")) history[how]({ ...history.state, leafresh: name }, "");
  }

  function show(name) {
    note(name, "pushState");
    reveal(name);
    if (name === "picker") (part("#picker :checked") ?? part("#picker input"))?.focus({ preventScroll: true });
  }

  const picker = makePicker(part("#picker"), texts, {
    load: () => Promise.all([loadOptions({ server }), talk.told()]),
    onLoad(told) {
      if (signal.aborted) return;
      const isNew = talk.isEmpty();
      talk.recall(told);
      if (isNew && !talk.isEmpty()) reveal("conversation");
      note(part("#picker").hidden ? "conversation" : "picker", "replaceState");
    },
    onPick(selection) {
      show("conversation");
      talk.pick(selection);
    },
  });
  const session = host.getAttribute("session") ?? "";
  const emoji = (key) => picker.categories().find((it) => it.key === key)?.emoji ?? "";
  const shared = { texts, language, startUrl, server, session, emoji, announce, toast, following };
  const talk = makeTalk(part("#conversation"), shared, picker);

  const actions = {
    choose: () => show("picker"),
    talk() {
      show("conversation");
      talk.focus();
    },
    forget: () => dialog.showModal(),
    async erase() {
      const problem = dialog.querySelector(".missing");
      problem.textContent = "";
      try {
        await talk.forget();
        if (signal.aborted) return;
        dialog.close();
        show("picker");
        toast(texts.forgotten);
      } catch {
        problem.textContent = texts.forgetFailed;
      }
    },
  };
  for (const [name, act] of Object.entries(actions)) part(`[data-action=${name}]`).onclick = act;

  const goBack = ({ state }) => state?.leafresh && host.hasAttribute("history") && reveal(state.leafresh);
  addEventListener("popstate", goBack, { signal });
  const forgotten = ({ key, oldValue, storageArea }) => {
    const isCleared = key === null && storageArea === localStorage;
    if (session || !(isCleared || (key === "leafresh.session" && oldValue))) return;
    talk.forgotten();
    reveal("picker");
  };
  addEventListener("storage", forgotten, { signal }); // in another tab
  const catchUp = () => document.hidden || talk.isEmpty() || talk.told({ limit: 10 }).then(talk.recall, () => {});
  document.addEventListener("visibilitychange", catchUp, { signal });
  addEventListener("pageshow", ({ persisted }) => persisted && catchUp(), { signal }); // from the back-forward cache
  signal.addEventListener("abort", talk.close);

  picker.reload();
}

async function setup(host, server) {
  const inPage = host.querySelector('script[type="application/json"]');
  if (inPage) return JSON.parse(inPage.textContent);
  const language = host.closest("[lang]")?.lang.startsWith("en") ? "en" : "ko";
  return (await fetch(`${server.replace(/\/+$/, "")}/chat/${language}.json`)).json();
}

// A page may load the script twice, under two addresses.
if (!customElements.get("leafresh-chat")) customElements.define("leafresh-chat", LeafreshChat);
