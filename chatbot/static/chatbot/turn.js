/** One question and its answer, filled while the answer is written. */

import { makeCard } from "./card.js";
import { layoutText, parseText } from "./leafresh-client.js";
import { element, fill, html, setText } from "./markup.js";
import { pace } from "./pace.js";
import { thumbs } from "./thumbs.js";

export function makeTurn(chat, said) {
  const { texts, announce } = chat;
  const turn = element`<article class="turn"><h2 class="said" lang="ko" tabindex="-1">${said}</h2><div class="reply">
<svg class="sprout" viewBox="0 0 48 48" aria-hidden="true"><circle class="sky" cx="24" cy="24" r="24"/>
<path class="soil" d="M5 38.5q19-13 38 0a24 24 0 0 1-38 0"/><path class="stem" d="M24 34C24.5 28 23.5 22 24 14"/>
<path class="leaf" d="M24 30.5C15.5 31 11.5 26.5 10.5 20.5 18.5 19.5 23.5 23 24 30.5"/><path class="leaf" d="M24 25.5C24 18 28.5 13.5 37 13 37.5 20.5 33 25.5 24 25.5"/>
<path class="leaf" d="M24 17.5C19.5 14.5 19.5 9 23 5 27.5 8.5 28 14 24 17.5"/></svg>
<div class="answer"><ul class="notes" role="list"></ul><p class="sentence" lang="ko"></p><ol class="challenges" role="list"></ol></div></div></article>`;
  const part = (name) => turn.querySelector(name);
  const [answer, notes, shown, list] = [".answer", ".notes", ".sentence", ".challenges"].map(part);
  const leaves = turn.querySelectorAll(".leaf");
  const paced = pace((text) => chat.following(() => draw(text)));
  let cards = [];
  let items;
  let isHeard; // the sentence

  function draw(text) {
    const isWriting = turn.matches(".writing");
    const { sentence, challenges } = parseText(text);
    if (sentence || !isWriting) setText(shown, sentence);
    else shown.replaceChildren(element`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>`);
    shown.classList.toggle("current", isWriting && sentence && !challenges.length);

    while (cards.length > challenges.length) cards.pop().element.remove();
    challenges.forEach((challenge, index) => {
      if (!cards[index]) list.append((cards[index] = makeCard(chat, it.category)).element);
      const item = items[index];
      if (item?.description === challenge.description) cards[index].complete(item);
      else if (!cards[index].isComplete) cards[index].show(challenge);
    });
    const grown = isWriting || cards.length ? cards.filter((card) => card.isComplete).length : 2;
    leaves.forEach((leaf, index) => leaf.classList.toggle("grown", index < grown));
    turn.style.setProperty("--grown", grown);
  }

  /** Adds links that call the numbers in the sentence. */
  function offerCalls({ help }) {
    part(".calls")?.remove();
    const call = ({ name, number }) =>
      html`<li><a class="button primary" lang="ko" href="tel:${number}" aria-label="${fill(texts.call, { number, name })}"><b>${number}</b> ${name}</a></li>`;
    if (help?.lines.length) shown.after(element`<ul class="calls" role="list">${help.lines.map(call)}</ul>`);
  }

  function hear(sentence) {
    if (!isHeard) announce(sentence);
    isHeard ||= sentence !== "";
  }

  const it = {
    element: turn,
    generationId: "",
    category: undefined,

    focus: () => part(".said").focus({ preventScroll: true }),

    begin() {
      turn.querySelectorAll(".failure, .notes > *").forEach((old) => old.remove());
      turn.classList.add("writing");
      items = [];
      isHeard = false;
      paced.write("");
      draw("");
    },

    start({ generationId, category }) {
      Object.assign(it, { generationId, category });
      notes.replaceChildren();
    },

    write(text) {
      const { sentence, challenges } = parseText(text);
      items.length = Math.min(items.length, challenges.length);
      if (challenges.length) hear(sentence);
      isHeard &&= text !== "";
      paced.write(text);
    },

    /** Its card is final once it is shown. */
    complete(item) {
      if (!items[item.index - 1]) announce(fill(texts.challenge, { ...item, number: item.index }));
      items[item.index - 1] = item;
    },

    /** Calls `then` when all of it is shown. */
    finish(given, then) {
      hear(given.recommend);
      given.challenges.forEach((challenge, index) => it.complete({ ...challenge, index: index + 1 }));
      it.write(layoutText(given));
      paced.settle(() => {
        turn.classList.remove("writing");
        draw(layoutText(given));
        offerCalls(given);
        if (given.stopped && !given.recommend) setText(shown, texts.stopped);
        then();
      });
    },

    /** Shows an earlier answer, without announcing it. */
    restore(given) {
      isHeard = true;
      items = given.challenges;
      turn.classList.remove("writing");
      draw(layoutText(given));
      offerCalls(given);
    },

    fail(box) {
      paced.flush();
      turn.classList.remove("writing");
      part(".dots")?.remove();
      shown.classList.remove("current");
      while (cards.length && !cards.at(-1).isComplete) cards.pop().element.remove();
      answer.append(box);
    },

    note(text, label, act) {
      const note = element`<li class="note">${text} ${label ? html`<button type="button">${label}</button>` : ""}</li>`;
      if (label) note.querySelector("button").onclick = act;
      notes.append(note);
    },

    offerThumbs: (thought, rate) => answer.append(thumbs(chat, thought, rate)),
  };
  it.begin();
  return it;
}
