/** One question and its answer on the page, filled while the answer is written. */

import { parseText } from "./leafresh-client.js";

export class Turn {
  #strings;
  #announce;
  #category;
  #element;
  #sentence;
  #list;
  #cards = [];
  #sentenceSaid = false;

  /**
   * @param {{said: string, category: {emoji: string, label: string}, strings: Record<string, string>,
   *   announce: (text: string) => void}} parts  `said`: what the person asked, as a heading
   */
  constructor({ said, category, strings, announce }) {
    this.#strings = strings;
    this.#announce = announce;
    this.#category = category;
    this.#element = clone("turn");
    this.#sentence = this.#element.querySelector(".sentence");
    this.#list = this.#element.querySelector(".challenges");
    this.#element.querySelector(".said").textContent = said;
    this.begin();
  }

  get element() {
    return this.#element;
  }

  focus() {
    this.#element.querySelector(".said").focus({ preventScroll: true });
  }

  /** Waits for an answer, with nothing of an earlier attempt left. */
  begin() {
    this.#element.querySelectorAll(".failure, .note").forEach((it) => it.remove());
    this.#element.classList.add("writing");
    this.write("");
  }

  /** Shows the text so far, finished or half-written. */
  write(text) {
    const { sentence, challenges } = parseText(text);
    if (sentence) setText(this.#sentence, sentence);
    else this.#sentence.replaceChildren(clone("turn").querySelector(".dots"));
    this.#sentence.classList.toggle("current", Boolean(sentence) && challenges.length === 0);
    if (challenges.length > 0) this.#saySentence(sentence);
    if (!text) this.#sentenceSaid = false;

    while (this.#cards.length > challenges.length) this.#cards.pop().element.remove();
    challenges.forEach((challenge, index) => {
      const card = this.#card(index);
      if (!card.isComplete) card.show(challenge);
    });
    this.#grow();
  }

  /** A challenge is complete: its card is final. */
  complete(item) {
    const card = this.#card(item.index - 1);
    if (!card.isComplete) this.#announce(fill(this.#strings.challenge, { ...item, number: item.index }));
    card.complete(item);
    this.#grow();
  }

  /** The answer is over; what was not complete is gone. */
  finish(answer) {
    this.#end();
    this.#saySentence(answer.recommend);
    answer.challenges.forEach((challenge, index) => this.complete({ ...challenge, index: index + 1 }));
    if (answer.stopped && !answer.recommend) this.#sentence.textContent = this.#strings.stopped;
  }

  /** There is no answer; `message` says why, in words. */
  fail(message) {
    this.#end();
    while (this.#cards.length && !this.#cards.at(-1).isComplete) this.#cards.pop().element.remove();
    const failure = clone("failure");
    this.#element.querySelector(".answer").append(failure);
    failure.querySelector("p").textContent = message;
  }

  /** A word beside the answer, such as that it suits another category. */
  note(message) {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = message;
    this.#list.before(note);
    this.#announce(message);
  }

  #end() {
    this.#element.classList.remove("writing");
    this.#sentence.classList.remove("current");
    this.#sentence.querySelector(".dots")?.remove();
  }

  #saySentence(sentence) {
    if (this.#sentenceSaid || !sentence) return;
    this.#sentenceSaid = true;
    this.#announce(sentence);
  }

  #card(index) {
    while (this.#cards.length <= index) {
      const card = new Card(this.#category);
      this.#cards.push(card);
      this.#list.append(card.element);
    }
    return this.#cards[index];
  }

  /** The sprout has a leaf for each complete challenge. */
  #grow() {
    this.#element.querySelector(".sprout").dataset.leaves = this.#cards.filter((card) => card.isComplete).length;
  }
}

class Card {
  element = clone("challenge");
  isComplete = false;
  #category;

  constructor(category) {
    this.#category = category;
    this.#setKind(category.label);
  }

  show({ title, description }) {
    setText(this.element.querySelector(".title"), title);
    setText(this.element.querySelector(".description"), description);
  }

  complete(challenge) {
    this.isComplete = true;
    this.element.classList.add("complete");
    this.#setKind(challenge.label);
    this.show(challenge);
  }

  #setKind(label) {
    const emoji = label === this.#category.label ? `${this.#category.emoji} ` : "";
    setText(this.element.querySelector(".kind"), emoji + label);
  }
}

function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function fill(pattern, values) {
  return pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
