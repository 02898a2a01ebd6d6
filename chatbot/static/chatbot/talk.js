/** The conversation: asks, shows answers, recalls earlier ones, and forgets them. */

import { makeComposer } from "./composer.js";
import * as client from "./leafresh-client.js";
import { element, failureBox, fill, parts, setText } from "./markup.js";
import { OPENERS, repliesTo } from "./replies.js";
import { makeTurn } from "./turn.js";

const MAX_TRIES = 3; // by itself

export function makeTalk(view, chat, picker) {
  const { texts, announce, server } = chat;
  const [list, status, stopper, repeater] = parts(view, "#turns", "#status", ".stop", ".again");
  const composer = makeComposer(view, texts, (message) => ask({ message }), `leafresh.draft.${chat.session}`);
  let turns = [];
  const earlier = element`<button class="plain" type="button">${texts.earlier}</button>`;
  let current = null; // what is asked: `{question, turn, handle, tries}`; no handle once the answer is over
  let countdown;
  let isClosed = false; // the page took the chat away: nothing begins any more

  const place = () => ({ server, sessionId: chat.session || client.rememberedSessionId() });

  /** Begins another session, unless the page names one. */
  const renew = () => chat.session || client.rememberedSessionId(undefined, true);

  async function ask(question) {
    while (current?.handle) await current.handle.stop(); // one answer at a time
    if (isClosed) return;
    current = { question, turn: addTurn(question), tries: 0 };
    const { element: shown } = current.turn;
    list.scrollTop = view.scrollTop = shown.offsetTop - list.offsetTop; // never the page around the chat
    write(current);
  }

  function addTurn({ message, selection }, index = turns.length) {
    const turn = makeTurn(chat, message ?? picker.describe(selection).map((it) => `${it.emoji} ${it.label}`).join("  "));
    if (!turns.length) list.replaceChildren(earlier);
    list.insertBefore(turn.element, turns[index]?.element ?? null);
    turns.splice(index, 0, turn);
    return turn;
  }

  /** Asks for the answer, or continues one that has begun. */
  function write(asked, generationId) {
    if (isClosed) return;
    const { turn, question } = asked;
    let progress = "thinking";
    let isConnected = true;
    const report = () => {
      if (asked === current && view.dataset.state !== "stopping") setState(isConnected ? progress : "reconnecting");
    };
    clearInterval(countdown);
    composer.suggest([]);
    setState(progress);
    const handlers = {
      onStart: turn.start,
      onText(text) {
        progress = text ? "writing" : "thinking";
        turn.write(text);
        report();
      },
      onItem: turn.complete,
      onNotice: (notice) => announce(note(turn, notice)),
      onConnection(state) {
        if ((state === "open") !== isConnected) announce(isConnected ? lostText() : texts.reconnected);
        isConnected = state === "open";
        report();
      },
      onClose(answer) {
        asked.handle = null;
        turn.finish(answer, () => over(asked, answer));
      },
      onError: (failure) => failed(asked, failure),
    };
    const [begin, what] = question.message ? [client.say, question.message] : [client.recommend, question.selection];
    asked.handle = begin(what, handlers, { ...place(), generationId });
  }

  function note(turn, { kind, undo, from, to, location, workType, category }) {
    const parts = [location, workType, category].flatMap((it) => it?.label ?? []).join(" · ");
    const pattern = { "category-changed": texts.changed, assumed: texts.assumed, fallback: texts.fallback }[kind];
    if (!pattern) return;
    const text = fill(pattern, { parts, from: from?.label, to: to?.label });
    turn.note(text, undo && texts.undo, () => ask({ message: undo }));
    return text;
  }

  function over(asked, answer) {
    offerThumbs(asked.turn, answer, null);
    if (asked !== current) return;
    chat.following(() => settle(answer));
    announce(status.textContent);
  }

  function settle(answer) {
    setState(answer.stopped ? "stopped" : answer.kind === "recommendation" ? "done" : "answered");
    composer.suggest(repliesTo(answer, turns.at(-1).category?.key, picker.categories(), turns.length));
  }

  function offerThumbs(turn, answer, thought) {
    const { generationId } = turn;
    if (generationId && answer.recommend && answer.kind !== "help") {
      turn.offerThumbs(thought, (given) => client.rate(generationId, given, place()));
    }
  }

  function failed(asked, { status: code, message, retryAfter }) {
    asked.handle = null;
    if (code === 403 && !chat.session && !asked.isRenewed) {
      asked.isRenewed = true;
      renew();
      asked.turn.begin();
      return write(asked);
    }
    const canRetry = code < 400 || code >= 429;
    const why = texts[code] ?? (message || texts.failed);
    const box = failureBox(why, asked === current && canRetry && texts.retry, retry);
    asked.turn.fail(box);
    if (asked !== current) return;
    setState(canRetry ? "failed" : "refused");
    if (!canRetry && composer.isEmpty()) composer.write(asked.question.message ?? ""); // to be corrected
    if (!canRetry) picker.reload(); // what can be picked may have changed
    else if (retryAfter && asked.tries < MAX_TRIES) countDown(retryAfter);

    function retry() {
      asked.turn.begin();
      asked.turn.focus();
      // After a lost connection the server may have the answer.
      write(asked, code === 0 ? asked.turn.generationId : "");
    }

    function countDown(seconds) {
      asked.tries += 1;
      const until = Date.now() + seconds * 1000;
      const line = element`<p role="timer"></p>`;
      box.firstElementChild.after(line);
      const tick = () => {
        const left = Math.ceil((until - Date.now()) / 1000);
        const [pattern, count] = left > 90 ? [texts.countdownLong, Math.ceil(left / 60)] : [texts.countdown, left];
        if (left > 0) setText(line, fill(pattern, { count }));
        else retry();
      };
      countdown = setInterval(tick, 250);
      tick();
    }
  }

  function restore({ generationId, request, outcome, answer, notices, feedback }, isLast, at) {
    const { message, ...selection } = request;
    const question = message ? { message } : { selection };
    const turn = addTurn(question, at);
    const [category] = picker.describe({ category: request.category });
    turn.start({ generationId, category });
    const asked = { question, turn, tries: 0 };
    if (isLast) current = asked;
    if (outcome === "running") return write(asked, generationId);
    if (!answer) return failed(asked, { status: 500, message: texts.unfinished });
    notices.forEach((it) => note(turn, it));
    turn.restore(answer);
    offerThumbs(turn, answer, feedback);
    if (isLast) settle({ ...answer, stopped: outcome === "stopped" });
  }

  const isNew = ({ generationId }) => turns.every((turn) => turn.generationId !== generationId);

  const offerEarlier = (cursor) => Object.assign(earlier, { value: cursor, hidden: !cursor });

  earlier.onclick = async () => {
    const [first] = turns;
    try {
      const page = await client.conversation({ ...place(), before: earlier.value });
      if (first !== turns[0]) return; // done or forgotten meanwhile
      const { scrollHeight } = list;
      page.turns.filter((it) => it.answer).forEach((it, index) => restore(it, false, index));
      offerEarlier(page.before);
      list.scrollTop += list.scrollHeight - scrollHeight; // what is read stays where it is
      turns[turns.indexOf(first) - 1]?.focus();
    } catch {
      chat.toast(texts[0]);
    }
  };

  const lostText = () => texts[navigator.onLine ? "reconnecting" : "offline"];

  function setState(state) {
    setText(status, state === "reconnecting" ? lostText() : (texts[state] ?? ""));
    if (view.dataset.state === state) return;
    const focused = view.getRootNode().activeElement;
    view.dataset.state = state;
    status.classList.toggle("busy", state.endsWith("ing"));
    stopper.hidden = !["thinking", "writing", "reconnecting"].includes(state);
    repeater.hidden = !["done", "stopped"].includes(state);
    if (focused?.hidden) current.turn.focus();
  }

  function abandon() {
    clearInterval(countdown);
    current?.handle?.close();
    if (current) current.handle = null; // so that nobody waits for its end
  }

  function close() {
    isClosed = true;
    abandon();
  }

  function clear() {
    abandon();
    current = null;
    turns = [];
    list.replaceChildren(element`<p class="status welcome">${texts.welcome}</p>`);
    setState("");
    composer.suggest(OPENERS);
  }

  /** What was written and not sent belongs to the conversation. */
  function forgotten() {
    composer.write("");
    clear();
  }

  stopper.onclick = () => {
    setState("stopping");
    current.handle?.stop();
  };
  repeater.onclick = () => ask(current.question);
  clear();

  return {
    focus: composer.focus,
    isEmpty: () => turns.length === 0,
    close,
    forgotten,

    async pick(selection) {
      await ask({ selection });
      current?.turn.focus();
    },

    /** The newest turns that the server knows. */
    told: (page) =>
      client.conversation({ ...place(), ...page }).catch((error) => {
        if (error.status !== 403 || isClosed) throw error;
        if (!chat.session) composer.write("");
        renew();
        return { turns: [] };
      }),

    /** Shows the turns that are not shown yet. */
    recall({ turns: told, before }) {
      if (isClosed || current?.handle) return;
      // More was said elsewhere than this, or it was forgotten.
      if (told.every(isNew) && turns.some((turn) => turn.generationId)) told.length ? clear() : forgotten();
      if (told.every(isNew)) offerEarlier(before);
      told.forEach((it, index) => {
        const isLast = !told[index + 1];
        if (isNew(it) && (isLast || it.answer)) restore(it, isLast);
      });
    },

    /** Rejects when the server cannot erase it. */
    async forget() {
      await current?.handle?.stop();
      await client.forget(place());
      renew();
      forgotten();
    },
  };
}
