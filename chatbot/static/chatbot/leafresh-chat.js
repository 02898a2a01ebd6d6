/** `<leafresh-chat>`: the whole chat in a shadow root; see docs/client.md. Its content is shown until it is ready. */

import { composerMarkup } from "./composer.js";
import { loadOptions } from "./leafresh-client.js";
import { element, html, icon } from "./markup.js";
import { makePicker, pickerMarkup } from "./picker.js";
import { makeTalk } from "./talk.js";

const plain = (name, label) => html`<button class="plain" data-action="${name}">${icon(name)}${label}</button>`;
const button = (name, label) => html`<button class="button ${name}" data-action="${name}" hidden>${label}</button>`;
const chatMarkup = (texts, language) => html`
<div class="chat" lang="${language}" hidden>
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
</div>`;

class LeafreshChat extends HTMLElement {
  #root = this.attachShadow({ mode: "open" });
  #life;

  connectedCallback() {
    this.#life = new AbortController();
    this.#root.innerHTML = "<slot></slot>";
    begin(this, this.#root, this.#life.signal);
  }

  disconnectedCallback() {
    this.#life.abort();
  }
}

async function begin(host, root, signal) {
  const server = host.getAttribute("server") ?? new URL("../..", import.meta.url).href;
  const { texts, language, startUrl } = await setup(host, server);
  if (signal.aborted) return;
  const style = element`<link rel="stylesheet" href="${new URL("leafresh-chat.css", import.meta.url)}">`;
  const chat = element`${chatMarkup(texts, language)}`;
  const part = (selector) => chat.querySelector(selector);
  const [dialog, toaster, list, scroller] = ["dialog", ".toast", "#announcements", "#turns"].map(part);
  style.onload = style.onerror = () => {
    root.firstChild.remove(); // the slot
    chat.hidden = false;
  };
  root.append(style, chat);

  function announce(text) {
    if (text) list.append(element`<p>${text}</p>`);
    while (list.children.length > 8) list.firstElementChild.remove();
  }

  let toasted;
  function toast(text) {
    toaster.textContent = text;
    toaster.hidden = false;
    clearTimeout(toasted);
    toasted = setTimeout(() => (toaster.hidden = true), 4000);
    announce(text);
  }

  /** Makes a change. If the end was in view, it stays there. */
  function following(change) {
    const wasAtEnd = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop < 80;
    change();
    if (wasAtEnd) scroller.scrollTop = scroller.scrollHeight;
  }

  function reveal(name) {
    for (const view of chat.querySelectorAll(".view")) view.hidden = view.id !== name;
    scroller.scrollTop = scroller.scrollHeight;
  }

  function show(name) {
    if (host.hasAttribute("history")) history.pushState({ leafresh: name }, "");
    reveal(name);
    if (name === "picker") (part("#picker :checked") ?? part("#picker input"))?.focus({ preventScroll: true });
  }

  const picker = makePicker(part("#picker"), texts, {
    load: () => Promise.all([loadOptions({ server }), talk.told()]),
    onLoad(told) {
      const isNew = talk.isEmpty();
      talk.recall(told);
      if (isNew && !talk.isEmpty()) reveal("conversation");
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
        dialog.close();
        show("picker");
        toast(texts.forgotten);
      } catch {
        problem.textContent = texts.forgetFailed;
      }
    },
  };
  for (const [name, act] of Object.entries(actions)) part(`[data-action=${name}]`).onclick = act;

  addEventListener("popstate", ({ state }) => reveal(state?.leafresh ?? "picker"), { signal });
  const forgotten = ({ key }) => {
    if (key !== "leafresh.session" || session) return;
    talk.clear();
    reveal("picker");
  };
  addEventListener("storage", forgotten, { signal }); // in another tab
  const catchUp = () => document.hidden || talk.isEmpty() || talk.told().then(talk.recall, () => {});
  document.addEventListener("visibilitychange", catchUp, { signal });
  signal.addEventListener("abort", talk.close);

  picker.reload();
}

async function setup(host, server) {
  const inPage = host.querySelector('script[type="application/json"]');
  if (inPage) return JSON.parse(inPage.textContent);
  const language = host.closest("[lang]")?.lang.startsWith("en") ? "en" : "ko";
  return (await fetch(`${server.replace(/\/+$/, "")}/chat/${language}.json`)).json();
}

customElements.define("leafresh-chat", LeafreshChat);
