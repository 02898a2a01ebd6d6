/** A challenge on its card: written, then complete, then something to start, to copy and to share. */

import { element, html, round, setText } from "./markup.js";

export function makeCard(chat, category) {
  const { texts, startUrl, toast } = chat;
  const card = element(
    html`<li class="challenge" lang="ko"><p class="kind"></p><h4 class="title"></h4><p class="description"></p></li>`,
  );

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
    const start = html`<a class="button primary" href="${startAddress(startUrl, challenge)}" target="${target}" rel="noopener" aria-label="${texts.start}: ${title}">${texts.start}</a>`;
    const deeds = element(
      html`<div class="deeds" lang="${chat.language}">${startUrl && start}${round("copy", texts.copy, title)}${round("share", texts.share, title)}</div>`,
    );
    const text = `${title}\n${description}`;
    deeds.querySelector(".copy").onclick = () => copy(text);
    deeds.querySelector(".share").onclick = () => share(title, text);
    card.append(deeds);
  }

  function share(title, text) {
    if (!navigator.share) return copy(text);
    // A person may think better of it; all else is a browser that cannot.
    return navigator.share({ title, text }).catch((error) => error.name === "AbortError" || copy(text));
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      toast(texts.copied);
    } catch {
      toast(texts.copyFailed); // over plain HTTP
    }
  }

  if (category) show({ title: "", description: "", category: category.key, label: category.label });
  const it = { element: card, isComplete: false, show, complete };
  return it;
}

function startAddress(startUrl, { category, title, description }) {
  return `${startUrl}${startUrl.includes("?") ? "&" : "?"}${new URLSearchParams({ category, title, description })}`;
}
