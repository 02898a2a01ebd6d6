/** A challenge's card; when it is complete, one can start, copy and share it. */

import { element, html, round, setText } from "./markup.js";

export function makeCard(chat, category) {
  const { texts, startUrl, toast } = chat;
  const card = element`<li class="challenge" lang="ko"><p class="kind"></p><h3 class="title"></h3><p class="description"></p></li>`;

  function show({ title, description, category: key, label }) {
    if (label) setText(card.querySelector(".kind"), `${chat.emoji(key)} ${label}`.trim());
    setText(card.querySelector(".title"), title);
    setText(card.querySelector(".description"), description);
  }

  function complete(challenge) {
    if (it.isComplete) return;
    it.isComplete = true;
    const { title, description } = challenge;
    show(challenge);
    card.classList.add("complete");
    const target = startUrl.startsWith("http") ? "_blank" : "_self";
    const query = new URLSearchParams({ category: challenge.category, title, description });
    const address = `${startUrl}${startUrl.includes("?") ? "&" : "?"}${query}`;
    const start = html`<a class="button primary" href="${address}" target="${target}" rel="noopener" aria-label="${texts.start}: ${title}">${texts.start}</a>`;
    const deeds = element`<div class="deeds" lang="${chat.language}">${startUrl && start}${round("copy", texts.copy, title)}${round("share", texts.share, title)}</div>`;
    const text = `${title}\n${description}`;
    deeds.querySelector(".copy").onclick = () => copy(text);
    deeds.querySelector(".share").onclick = () => share(title, text);
    card.append(deeds);
  }

  function share(title, text) {
    if (!navigator.share) return copy(text);
    // The person cancelled; other errors: this browser cannot share.
    return navigator.share({ title, text }).catch((error) => error.name === "AbortError" || copy(text));
  }

  async function copy(text) {
    const isCopied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    toast(isCopied || copySelected(text) ? texts.copied : texts.copyFailed);
  }

  /** As far as it can be done over plain HTTP, and in frames that may not use the clipboard. */
  function copySelected(text) {
    const focused = card.getRootNode().activeElement;
    const field = element`<textarea class="only-heard" readonly aria-hidden="true" tabindex="-1"></textarea>`;
    field.value = text;
    card.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    focused?.focus({ preventScroll: true });
    return isCopied;
  }

  if (category) show({ ...category, category: category.key, title: "", description: "" });
  const it = { element: card, isComplete: false, show, complete };
  return it;
}
