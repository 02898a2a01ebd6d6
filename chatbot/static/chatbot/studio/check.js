/** The check of a draft: starts, follows and stops it. The server runs it, also when the person leaves the page. */

import { card, tag } from "./elements.js";
import { ask, config, fill, strings } from "./request.js";

const POLL_MS = 600;

export class Check {
  #start = document.getElementById("check-start");
  #stop = document.getElementById("check-stop");
  #state = document.getElementById("check-state");
  #progress = document.getElementById("check-progress");
  #runs = document.getElementById("runs");
  #id = null;
  #timer = 0;
  #asked = 0;
  #onEnd;
  #before;

  /** `before` saves the draft and resolves to its revision, or to null; `onEnd` is called when a check is over. */
  constructor({ before, onEnd }) {
    this.#before = before;
    this.#onEnd = onEnd;
    this.#start?.addEventListener("click", () => this.#begin());
    this.#stop?.addEventListener("click", () => this.#end());
    if (config.check) this.#follow(config.check);
  }

  async #begin() {
    this.#start.disabled = true;
    const revision = await this.#before();
    if (revision !== null) this.#take(await ask(config.checks, { revision }));
    else this.#start.disabled = false;
  }

  async #end() {
    this.#stop.disabled = true;
    this.#take(await ask(`${config.checks}${this.#id}/stop/`, {}));
    this.#stop.disabled = false;
  }

  /** Shows the check, unless something newer is shown before the answer comes. */
  async #follow(id) {
    const before = (this.#asked += 1);
    const envelope = await ask(`${config.checks}${id}/`);
    if (before === this.#asked) this.#take(envelope);
  }

  /** The draft changed: shows its own check, or says that the shown one is about another text. */
  renew(id) {
    if (id ?? this.#id) this.#follow(id ?? this.#id);
  }

  #take({ status, message, data }) {
    clearTimeout(this.#timer);
    this.#asked += 1;
    if (status !== 200) {
      this.#state.textContent = message;
      this.#state.className = "flag danger";
      if (this.#start) this.#start.disabled = false;
      if ((status === 0 || status === 401 || status >= 500) && this.#id) this.#timer = setTimeout(() => this.#follow(this.#id), POLL_MS * 3);
      return;
    }
    const wasRunning = this.#stop && !this.#stop.hidden;
    this.#id = data.id;
    this.#show(data);
    if (data.running) this.#timer = setTimeout(() => this.#follow(data.id), POLL_MS);
    else if (wasRunning) this.#onEnd();
  }

  #show(check) {
    const numbers = { done: check.done, total: check.total, failed: check.failed };
    const count = fill(check.status === "failed" ? strings.checkFailed : strings.checkOf, numbers);
    this.#state.textContent = [check.statusText, count, check.stale].filter(Boolean).join(" · ");
    this.#state.className = `flag ${check.stale ? "warning" : { passed: "success", failed: "danger" }[check.status] ?? ""}`;
    const by = { name: check.startedBy, time: check.startedAt, sources: check.sources };
    document.getElementById("check-by").textContent = fill(strings.checkBy, by);
    this.#progress.hidden = !check.running;
    this.#progress.max = check.total || 1;
    this.#progress.value = check.done;
    if (this.#start) this.#start.disabled = check.running;
    if (this.#stop) this.#stop.hidden = !check.running;
    this.#showReasons(check.runs);
    check.runs.forEach((run, index) => this.#showRun(run, check.running, this.#runs.children[index]));
    while (this.#runs.children.length > check.runs.length) this.#runs.lastElementChild.remove();
  }

  /** Reasons that several samples share, each once with the number of its samples. */
  #showReasons(runs) {
    const counts = new Map();
    for (const reason of runs.flatMap((run) => run.reasons)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    const shared = [...counts].filter(([, count]) => count > 1).sort((one, other) => other[1] - one[1]);
    document.getElementById("check-reasons").replaceChildren(...shared.map(([reason, count]) => tag("li", `${reason} × ${count}`)));
  }

  /** Draws a sample's line. An unchanged line is not drawn again, so that opened details stay open. */
  #showRun(run, running, old) {
    const drawn = `${this.#id}:${run.position}:${run.ended}:${running}`;
    if (old?.dataset.drawn === drawn) return;
    const line = document.createElement("li");
    line.dataset.drawn = drawn;
    line.className = run.ended ? (run.passed ? "passed" : "not-passed") : "";
    const word = run.ended ? (run.passed ? strings.passed : strings.notPassed) : running ? strings.waiting : strings.notRun;
    line.append(tag("p", `${run.ended ? (run.passed ? "✓" : "✗") : running ? "…" : "–"} ${run.name} — ${word}`));
    if (run.reasons.length) {
      const reasons = document.createElement("ul");
      reasons.className = "problems";
      reasons.append(...run.reasons.map((reason) => tag("li", reason)));
      line.append(reasons);
    }
    if (run.answer) line.append(details(strings.whatCame, cards(run.answer, run.kind)));
    if (run.raw && !run.passed) line.append(details(strings.rawText, tag("pre", run.raw)));
    if (old) old.replaceWith(line);
    else this.#runs.append(line);
  }
}

function cards(answer, kind) {
  const box = document.createElement("div");
  const list = document.createElement("ol");
  list.className = "cards";
  for (const challenge of answer.challenges) {
    const line = card(challenge);
    line.className = "complete";
    list.append(line);
  }
  if (kind) {
    const words = tag("p", answer.challenges.length ? kind : fill(strings.noChallenges, { kind }));
    words.className = "kind";
    box.append(words);
  }
  box.append(tag("p", answer.recommend));
  if (answer.challenges.length) box.append(list);
  return box;
}

function details(summary, content) {
  const element = document.createElement("details");
  element.append(tag("summary", summary), content);
  return element;
}
