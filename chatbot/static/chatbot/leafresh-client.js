/**
 * Leafresh in the browser: recommendations while they are written, over one EventSource. No DOM, no dependencies.
 *
 *     import { recommend, rememberedSessionId } from "./leafresh-client.js";
 *
 *     const handle = recommend(
 *       { location: "city", workType: "office", category: "VEGAN" },
 *       {
 *         onText: (text) => console.log(parseText(text).sentence),
 *         onItem: (challenge) => console.log(challenge.title),
 *         onClose: (answer) => console.log("done", answer.challenges),
 *         onError: (error) => console.warn(error.message),
 *       },
 *       { sessionId: rememberedSessionId() },
 *     );
 *     handle.stop();
 *
 * Text is handed over whole, never in pieces, and is never doubled: every numbered event counts once, also when the
 * connection broke in between. Exactly one of `onClose` and `onError` ends a recommendation, unless `close()` does.
 *
 * @typedef {{location: string, workType: string, category: string}} Selection  keys, labels or aliases
 * @typedef {{title: string, description: string, category: string, label: string}} Challenge
 * @typedef {Challenge & {index: number}} Item  `index` counts from 1
 * @typedef {{kind: string, recommend: string, challenges: Challenge[], stopped?: boolean}} Answer
 * @typedef {{generationId: string, sessionId: string, category: {key: string, label: string}}} Start
 * @typedef {{status: number, message: string, data: object | null}} Failure
 *   the server's envelope; `status` is 0, and `message` empty, when the server could not be reached
 * @typedef {"open" | "reconnecting"} ConnectionState
 * @typedef {{key: string, label: string, description: string, emoji: string}} Option
 * @typedef {{locations: Option[], workTypes: Option[], categories: Option[]}} Options
 *
 * @typedef {object} Handlers  all optional
 * @property {(start: Start) => void} [onStart]  a generation answers; again when a lost one was replaced
 * @property {(text: string) => void} [onText]  the whole text so far; it can shrink (`rewrite`, or "" on a fresh start)
 * @property {(item: Item) => void} [onItem]  a challenge is complete
 * @property {(notice: {kind: string}, message: string) => void} [onNotice]  something the person should know
 * @property {(answer: Answer, message: string) => void} [onClose]  the end: the answer is complete, or was stopped
 * @property {(failure: Failure) => void} [onError]  the end: there is no answer
 * @property {(state: ConnectionState) => void} [onConnection]  the connection broke or is back
 */

const MAX_FAILURES = 6; // lost connections in a row, without one new event between them
const SILENCE_MS = 60_000; // the server pings every 20 s: after three missed pings the connection is dead
const STOP_MS = 5_000; // how long a stop may take before the client ends by itself
const OPTIONS_MS = 15_000;
const EVENT_ID = /^generation-(.+):(\d+)$/;

/**
 * Asks for a recommendation and reports it while it is written.
 *
 * @param {Selection} selection
 * @param {Handlers} handlers
 * @param {{server?: string, sessionId?: string}} [options]  `server`: its address, this page's own when left out;
 *   `sessionId`: 1–128 visible ASCII characters, so that the session is never given a challenge twice
 * @returns {{stop: () => Promise<void>, close: () => void}}  `stop` ends it for the server too, then `onClose` comes
 *   with what was complete; `close` stops listening, and nothing is reported any more
 */
export function recommend(selection, handlers, { server = "", sessionId = "" } = {}) {
  const recommendation = new Recommendation(selection, handlers, { server, sessionId });
  return { stop: () => recommendation.stop(), close: () => recommendation.close() };
}

/**
 * What can be picked. Rejects when the server cannot be reached or has no answer.
 *
 * @param {{server?: string}} [options]
 * @returns {Promise<Options>}
 */
export async function loadOptions({ server = "" } = {}) {
  const response = await fetch(`${base(server)}/api/challenges/options`, {
    credentials: "include",
    signal: AbortSignal.timeout?.(OPTIONS_MS),
  });
  if (!response.ok) throw new Error(`The options answered ${response.status}.`);
  return (await response.json()).data;
}

/**
 * The parts of an answer's text, finished or half-written: the sentence before the first blank line, then challenges.
 *
 * @param {string} text
 * @returns {{sentence: string, challenges: {title: string, description: string}[]}}
 */
export function parseText(text) {
  const [sentence, ...blocks] = text.split("\n\n");
  const challenges = blocks.map((block, index) => {
    const [line, ...description] = block.split("\n");
    const number = `${index + 1}. `;
    const title = number.startsWith(line) ? "" : line.slice(number.length);
    return { title, description: description.join("\n") };
  });
  return { sentence: sentence.trimEnd(), challenges };
}

/**
 * An answer as text: what the tokens of its stream, joined, are.
 *
 * @param {Answer} answer
 * @returns {string}
 */
export function layoutText({ recommend: sentence, challenges }) {
  const blocks = challenges.map(({ title, description }, index) => `${index + 1}. ${title}\n${description}`);
  return [sentence, ...blocks].join("\n\n");
}

/**
 * This browser's session id: made once, then kept in localStorage, or for this page alone where there is none.
 *
 * @param {string} [key]
 * @returns {string}
 */
export function rememberedSessionId(key = "leafresh.session") {
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
  try {
    const known = localStorage.getItem(key);
    if (known && /^[\x21-\x7e]{1,128}$/.test(known)) return known;
    localStorage.setItem(key, fresh.join(""));
  } catch {
    // Storage is switched off or full: the session lasts as long as the page.
  }
  return fresh.join("");
}

/** One recommendation: owns its EventSource, its timers and what has come so far. */
class Recommendation {
  #server;
  #url;
  #handlers;
  #source = null;
  #state = "";
  #failures = 0;
  #timers = {};
  #stopping = false;
  #over = false;
  #end;
  #ended = new Promise((resolve) => {
    this.#end = resolve;
  });

  #sessionId;
  #generationId = "";
  #lastNumber = 0;
  #text = "";
  #items = [];

  constructor(selection, handlers, { server, sessionId }) {
    const { location, workType, category } = selection;
    const query = new URLSearchParams({ location, workType, category });
    if (sessionId) query.set("sessionId", sessionId);
    this.#server = base(server);
    this.#sessionId = sessionId;
    this.#url = `${this.#server}/ai/chatbot/recommendation/base-info?${query}`;
    this.#handlers = handlers;
    this.#connect();
  }

  async stop() {
    if (this.#over) return;
    this.#stopping = true;
    if (this.#generationId && (await this.#stopOnServer())) {
      await Promise.race([this.#ended, pause(STOP_MS)]); // its `close` event is on the way
    }
    this.#concludeHere();
  }

  close() {
    this.#over = true;
    this.#source.close();
    Object.values(this.#timers).forEach(clearTimeout);
    this.#end();
  }

  async #stopOnServer() {
    const address = `${this.#server}/api/chatbot/generations/${this.#generationId}/stop`;
    const session = this.#sessionId ? `?${new URLSearchParams({ sessionId: this.#sessionId })}` : "";
    try {
      const response = await fetch(address + session, {
        method: "POST",
        credentials: "include",
        signal: AbortSignal.timeout?.(STOP_MS),
      });
      return response.ok;
    } catch {
      return false; // unreachable: the server ends by itself what nobody listens to
    }
  }

  #connect() {
    const source = new EventSource(this.#url, { withCredentials: true });
    this.#source = source;
    this.#awaitSign();
    source.addEventListener("open", () => this.#connection("open"));
    source.addEventListener("keep-alive", () => this.#awaitSign());
    source.addEventListener("stream-reset", () => this.#forget());
    this.#listen("start", (start) => {
      this.#sessionId = start.sessionId;
      this.#handlers.onStart?.(start);
    });
    this.#listen("challenge", (data) => this.#show(this.#text + (typeof data === "string" ? data : data.token)));
    this.#listen("rewrite", ({ length }) => this.#show(this.#text.slice(0, length)));
    this.#listen("item", (item) => {
      this.#items[item.index - 1] = item;
      this.#handlers.onItem?.(item);
    });
    this.#listen("notice", (data, { message }) => this.#handlers.onNotice?.(data, message));
    this.#listen("close", (data, { message }) => this.#conclude(data, message));
    source.addEventListener("error", (event) => {
      if (event.data === undefined) this.#lost();
      else this.#fail(readEnvelope(event.data));
    });
  }

  /** Calls `take` with the payload of each event of that name, once per event number. */
  #listen(name, take) {
    this.#source.addEventListener(name, (event) => {
      this.#awaitSign();
      if (this.#over || !this.#isNew(event.lastEventId)) return;
      const envelope = readEnvelope(event.data);
      if (envelope.status === 0) this.#fail(envelope);
      else take(envelope.data, envelope);
    });
  }

  /** Whether the event was not seen yet. The first event of another generation begins anew. */
  #isNew(eventId) {
    const [, generationId, number] = EVENT_ID.exec(eventId) ?? [];
    if (generationId === undefined) return true;
    if (generationId !== this.#generationId) {
      this.#forget();
      this.#generationId = generationId;
    }
    if (Number(number) <= this.#lastNumber) return false;
    this.#lastNumber = Number(number);
    this.#failures = 0;
    return true;
  }

  #forget() {
    this.#generationId = "";
    this.#lastNumber = 0;
    this.#show("");
  }

  #show(text) {
    if (this.#over || text === this.#text) return;
    this.#text = text;
    this.#items.length = Math.min(this.#items.length, parseText(text).challenges.length);
    this.#handlers.onText?.(text);
  }

  /** The connection broke. The browser repairs it by itself, unless it gave up (`CLOSED`). */
  #lost() {
    if (this.#over) return;
    if (this.#stopping) {
      this.#concludeHere(); // connecting again would take up what was just stopped
      return;
    }
    if (navigator.onLine) this.#failures += 1; // without a network there is nothing to count: waiting is right
    if (this.#failures > MAX_FAILURES) {
      this.#fail(readEnvelope(""));
      return;
    }
    this.#connection("reconnecting");
    if (this.#source.readyState === EventSource.CLOSED) {
      clearTimeout(this.#timers.silence);
      this.#timers.reconnect = setTimeout(() => this.#connect(), 500 * 2 ** Math.min(this.#failures, 4));
    }
  }

  #connection(state) {
    this.#awaitSign();
    if (this.#over || state === this.#state) return;
    this.#state = state;
    this.#handlers.onConnection?.(state);
  }

  /** A connection that stays silent for too long counts as lost. */
  #awaitSign() {
    clearTimeout(this.#timers.silence);
    if (this.#over) return;
    this.#timers.silence = setTimeout(() => {
      this.#source.close();
      this.#lost();
    }, SILENCE_MS);
  }

  /** Ends without the server's word: what is complete stays. */
  #concludeHere() {
    const { sentence } = parseText(this.#text);
    this.#conclude({ kind: "recommendation", recommend: sentence, challenges: this.#items, stopped: true }, "");
  }

  #conclude(answer, message) {
    if (this.#over) return;
    this.#show(layoutText(answer));
    this.close();
    this.#handlers.onClose?.(answer, message);
  }

  #fail(failure) {
    if (this.#over) return;
    this.close();
    this.#handlers.onError?.(failure);
  }
}

function base(server) {
  return server.replace(/\/+$/, "");
}

/** The envelope in an event's data; one with status 0 when it is none. */
function readEnvelope(text) {
  try {
    const { status, message, data } = JSON.parse(text);
    return { status, message, data };
  } catch {
    return { status: 0, message: "", data: null };
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
