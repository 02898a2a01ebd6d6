/** Two prompts that answer the same selection and message side by side. */

import { parseText, layoutText } from "../leafresh-client.js";
import { card, showUnderstood, tag } from "./elements.js";
import { picked, rememberPicks } from "./picks.js";
import { ask, config, fill, say, strings } from "./request.js";

const REPORT_TRIES = 10;

class Side {
  element = document.getElementById("trial-template").content.firstElementChild.cloneNode(true);
  #trial;
  #source;
  #text = "";
  #lastId = 0;
  over = false;

  constructor(trial) {
    this.#trial = trial;
    this.#find("h3").textContent = trial.label;
    this.#find(".status").textContent = strings.writing;
    this.#source = new EventSource(trial.events);
    this.#listen("challenge", (data) => this.#show(this.#text + (typeof data === "string" ? data : data.token)));
    this.#listen("rewrite", ({ length }) => this.#show(this.#text.slice(0, length)));
    this.#listen("item", ({ index }) => this.#find(`.cards li:nth-child(${index})`)?.classList.add("complete"));
    this.#listen("close", (answer) => this.#end(answer.stopped ? strings.stopped : strings.done, answer));
    this.#source.addEventListener("error", (event) => {
      if (event.data) this.#end(JSON.parse(event.data).message);
      else if (this.#source.readyState === EventSource.CLOSED) this.#end(strings.unreachable);
    });
  }

  async stop() {
    if (!this.over) await ask(this.#trial.stop, {});
  }

  close() {
    this.#source.close();
    this.over = true;
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }

  /** Each numbered event counts once, also when the connection broke in between. */
  #listen(name, take) {
    this.#source.addEventListener(name, (event) => {
      const number = Number(event.lastEventId.split(":").at(-1));
      if (this.over || number <= this.#lastId) return;
      this.#lastId = number;
      take(JSON.parse(event.data).data);
    });
  }

  #show(text) {
    this.#text = text;
    const { sentence, challenges } = parseText(text);
    this.#find(".sentence").textContent = sentence;
    const list = this.#find(".cards");
    while (list.children.length > challenges.length) list.lastElementChild.remove();
    challenges.forEach(({ title, description }, index) => {
      const shown = list.children[index] ?? list.appendChild(card());
      shown.children[0].textContent = title;
      shown.children[1].textContent = description;
    });
  }

  async #end(words, answer) {
    if (this.over) return;
    this.close();
    if (answer) this.#show(layoutText(answer));
    this.#find(".status").textContent = words;
    dispatchEvent(new Event("trial-over"));
    for (let attempt = 0; attempt < REPORT_TRIES; attempt += 1) {
      const { status, data } = await ask(this.#trial.report);
      if (status === 200 && !data.running) {
        this.#report(data);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  #report(report) {
    const time = (value) => (value === null ? "–" : fill(strings.milliseconds, { count: value }));
    if (report.kind) say(this.#find(".kind"), this.#find(".cards").children.length ? report.kind : fill(strings.noChallenges, report));
    const facts = [
      [strings.firstToken, time(report.firstTokenMs)],
      [strings.duration, time(report.durationMs)],
      [strings.tokens, `${report.tokensIn ?? "–"} / ${report.tokensOut ?? "–"}`],
      [strings.kept, report.kept],
      [strings.mended, report.mends],
      [strings.source, report.source],
      ...(report.errors.length ? [[strings.errors, report.errors.join("; ")]] : []),
    ];
    this.#find(".metrics").replaceChildren(...facts.flatMap(([name, value]) => [tag("dt", name), tag("dd", value)]));
    this.#find("details").hidden = !report.raw;
    this.#find("details pre").textContent = report.raw;
  }
}

/** Makes the page's buttons work. `before` is awaited first, and nothing is tried when it resolves to false. */
export function prepareTrials({ before = async () => true } = {}) {
  const start = document.getElementById("try");
  if (!start) return;
  const stop = document.getElementById("try-stop");
  const failure = document.getElementById("trial-failure");
  const place = document.getElementById("trials");
  let sides = [];

  const settle = () => {
    if (!sides.every((side) => side.over)) return;
    stop.hidden = true;
    start.disabled = false;
  };
  addEventListener("trial-over", settle);

  start.addEventListener("click", async () => {
    say(failure, "");
    start.disabled = true;
    sides.forEach((side) => side.close());
    sides = [];
    if (!(await before())) {
      start.disabled = false;
      return;
    }
    const [left, right] = ["left", "right"].map((name) => document.getElementById(`side-${name}`).value);
    const { status, message, data } = await ask(config.trials, { left, right, ...picked() });
    if (status !== 200) {
      say(failure, message);
      start.disabled = false;
      return;
    }
    showUnderstood("trial-understood", data.understood);
    sides = [new Side(data.left), new Side(data.right)];
    place.replaceChildren(...sides.map((side) => side.element));
    place.hidden = false;
    stop.hidden = false;
  });
  stop.addEventListener("click", () => sides.forEach((side) => side.stop()));
}

if (config.state === null) {
  // the page that only compares
  rememberPicks();
  prepareTrials();
}
