/**
 * Leafresh in the browser: answers while they are written. One ES module, no DOM, no dependencies.
 *
 *     import { recommend, say, parseText, rememberedSessionId } from "./leafresh-client.js";
 *
 *     const options = { sessionId: rememberedSessionId() }; // on another origin also server: "https://…"
 *     const handlers = {
 *       onText: (text) => console.log(parseText(text).sentence),
 *       onItem: (challenge) => console.log(challenge.title),
 *       onClose: (answer) => console.log("done", answer.challenges),
 *       onError: (failure) => console.warn(failure.message),
 *     };
 *     recommend({ location: "city", workType: "office", category: "VEGAN" }, handlers, options);
 *     const handle = say("더 쉬운 거 없어?", handlers, options);
 *     await handle.stop();
 *
 * `leafresh-client.d.ts` describes every type. Text is handed over whole, never in pieces, and is never doubled: a
 * connection that broke is taken up behind the last event, as an EventSource does it, and each numbered event counts
 * once. Exactly one of `onClose` and `onError` ends an answer, unless `close()` does.
 */

const MAX_FAILURES = 8; // lost connections in a row, without one new event between them
const SILENCE_MS = 60_000; // the server pings every 20 s: after three missed pings the connection is dead
const OFFLINE_MS = 10_000; // without a network one waits for it; some browsers never tell that it is back
const REQUEST_MS = 15_000;
const STOP_MS = 5_000; // how long a stop may take before the client ends by itself
const EVENT_ID = /^generation-(.+):(\d+)$/;

/** Asks for challenges that suit a selection (keys, labels or aliases), and reports the answer while it is written. */
export function recommend({ location, workType, category }, handlers, options) {
  return handleOf(new Answering("base-info", { location, workType, category }, handlers, options));
}

/** Says something in a person's own words, 2–500 characters, and reports the answer while it is written. */
export function say(message, handlers, options) {
  return handleOf(new Answering("free-text", { message }, handlers, options));
}

/** What can be picked. Rejects with `RequestFailed`, as all functions below that ask the server. */
export function loadOptions({ server } = {}) {
  return request("GET", server, "/api/challenges/options");
}

/** The session's turns so far, in order; none when the session is not known. */
export function conversation({ server, sessionId }) {
  return request("GET", server, `/api/chatbot/sessions/${encodeURIComponent(sessionId)}`);
}

/** Erases the conversation on the server. */
export function forget({ server, sessionId }) {
  return request("DELETE", server, `/api/chatbot/sessions/${encodeURIComponent(sessionId)}`);
}

/** Says what one thinks of an answer: `{thumb: "up" | "down", reason?}`, or null to take it back. */
export function rate(generationId, thought, { server, sessionId }) {
  const path = `/api/chatbot/generations/${generationId}/feedback`;
  return thought
    ? request("PUT", server, path, { sessionId, ...thought })
    : request("DELETE", server, `${path}?${new URLSearchParams({ sessionId })}`);
}

/** A request without an answer. `status` is 0 when the server could not be reached; `message` is the server's. */
export class RequestFailed extends Error {
  name = "RequestFailed";

  constructor({ status, message, data, retryAfter }) {
    super(message);
    Object.assign(this, { status, data, retryAfter });
  }
}

/** The parts of an answer's text, finished or half-written: the sentence before the first blank line, then challenges. */
export function parseText(text) {
  const [sentence, ...blocks] = text.split("\n\n");
  const challenges = blocks.map((block, index) => {
    const [line, ...description] = block.split("\n");
    const number = `${index + 1}. `;
    return { title: number.startsWith(line) ? "" : line.slice(number.length), description: description.join("\n") };
  });
  return { sentence: sentence.trimEnd(), challenges };
}

/** An answer as text: what the tokens of its stream, joined, are. */
export function layoutText({ recommend: sentence, challenges }) {
  const blocks = challenges.map(({ title, description }, index) => `${index + 1}. ${title}\n${description}`);
  return [sentence, ...blocks].join("\n\n");
}

/** This browser's session id: made once, then kept in localStorage, or for this page alone where there is none. */
export function rememberedSessionId(key = "leafresh.session") {
  try {
    const known = localStorage.getItem(key);
    if (known && /^[\x21-\x7e]{1,128}$/.test(known)) return known;
  } catch {
    // Storage is switched off.
  }
  return newSessionId(key);
}

/** A new session id in the place of the one that is remembered. */
export function newSessionId(key = "leafresh.session") {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const fresh = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    localStorage.setItem(key, fresh);
  } catch {
    // Switched off or full: the session lasts as long as the page.
  }
  return fresh;
}

/** One answer: owns its connection, its timers and what has come so far. */
class Answering {
  #server;
  #sessionId;
  #url;
  #handlers;
  #connection = new AbortController();
  #state = "";
  #failures = 0;
  #silence;
  #wake = () => {};
  #stopping = false;
  #over = false;
  #end;
  #ended = new Promise((resolve) => {
    this.#end = resolve;
  });

  #generationId;
  #lastNumber = 0;
  #text = "";
  #items = [];

  constructor(path, question, handlers, { server = "", sessionId = "", generationId = "" } = {}) {
    const query = new URLSearchParams(question);
    if (sessionId) query.set("sessionId", sessionId);
    this.#server = server;
    this.#sessionId = sessionId;
    this.#url = `${base(server)}/ai/chatbot/recommendation/${path}?${query}`;
    this.#handlers = handlers;
    this.#generationId = generationId;
    if (generationId) this.#lastNumber = 1; // all but its `start`
    this.#run();
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
    clearTimeout(this.#silence);
    this.#connection.abort();
    this.#wake();
    this.#end();
  }

  async #stopOnServer() {
    const session = this.#sessionId ? `?${new URLSearchParams({ sessionId: this.#sessionId })}` : "";
    try {
      await request("POST", this.#server, `/api/chatbot/generations/${this.#generationId}/stop${session}`);
      return true;
    } catch {
      return false; // unreachable: the server ends by itself what nobody listens to
    }
  }

  /** Listens until the end, over as many connections as it takes. */
  async #run() {
    await null; // whoever asks has the handle before anything is reported
    while (!this.#over) {
      let retryAfter = 0;
      try {
        retryAfter = await this.#listen();
      } catch (error) {
        if (error instanceof RequestFailed) return this.#fail(error);
      }
      if (!this.#over) await this.#lost(retryAfter);
    }
  }

  /** One connection, up to its end. Returns how many seconds the server wants to be left alone. */
  async #listen() {
    this.#connection = new AbortController();
    this.#awaitSign();
    const headers = { Accept: "text/event-stream" };
    if (this.#generationId) headers["Last-Event-ID"] = `generation-${this.#generationId}:${this.#lastNumber}`;
    const { signal } = this.#connection;
    const response = await fetch(this.#url, { headers, credentials: "include", cache: "no-store", signal });
    if (response.status === 204) this.#concludeHere(); // all of it has been seen
    if (response.status >= 400 && response.status < 500) throw await failureOf(response);
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) return 0; // a gateway without a server
    for await (const event of eventsOf(response.body)) {
      if (this.#over) break;
      this.#awaitSign();
      const isRefusal = event.name === "error" && !event.id;
      if (!isRefusal) this.#report("open");
      else event.retryAfter ??= retryAfterOf(response);
      if (isRefusal && this.#lastNumber && event.retryAfter) return event.retryAfter; // restarting: the rest comes later
      this.#take(event);
    }
    return 0;
  }

  #take({ name, id, data, retryAfter }) {
    if (name === "stream-reset") this.#forget();
    const on = this.#handlers;
    const take = {
      start: (start) => {
        this.#sessionId = start.sessionId;
        on.onStart?.(start);
      },
      challenge: (token) => this.#show(this.#text + (typeof token === "string" ? token : token.token)),
      rewrite: ({ length }) => this.#show(this.#text.slice(0, length)),
      item: (item) => {
        this.#items[item.index - 1] = item;
        on.onItem?.(item);
      },
      notice: (notice, { message }) => on.onNotice?.(notice, message),
      close: (answer, { message }) => this.#conclude(answer, message),
      error: (_, envelope) => this.#fail({ ...envelope, retryAfter }),
    }[name];
    if (!take || !this.#isNew(id)) return;
    const envelope = readEnvelope(data);
    if (envelope.status === 0) this.#fail(envelope);
    else take(envelope.data, envelope);
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

  /** The connection broke: waits until it is worth trying again. */
  async #lost(retryAfter) {
    clearTimeout(this.#silence);
    if (this.#stopping) return this.#concludeHere(); // connecting again would take up what was just stopped
    const { onLine } = navigator;
    if (onLine) this.#failures += 1; // without a network there is nothing to count: waiting is right
    if (this.#failures > MAX_FAILURES) return this.#fail(readEnvelope(""));
    this.#report("reconnecting");
    const delay = 250 * 2 ** Math.min(this.#failures, 4) * (1 + Math.random() / 4);
    await new Promise((resolve) => {
      this.#wake = resolve;
      addEventListener("online", resolve, { once: true });
      setTimeout(resolve, onLine ? Math.max(delay, retryAfter * 1000) : OFFLINE_MS);
    });
    removeEventListener("online", this.#wake);
  }

  #report(state) {
    if (this.#over || state === this.#state) return;
    this.#state = state;
    this.#handlers.onConnection?.(state);
  }

  /** A connection that stays silent for too long counts as lost. */
  #awaitSign() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#connection.abort(), SILENCE_MS);
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

  #fail({ status, message, data, retryAfter }) {
    if (this.#over) return;
    this.close();
    this.#handlers.onError?.({ status, message, data, retryAfter });
  }
}

function handleOf(answering) {
  return { stop: () => answering.stop(), close: () => answering.close() };
}

/** The server-sent events of a response's body (WHATWG HTML §9.2), those with empty data too. */
async function* eventsOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let event = { name: "message", id: "", data: null };
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      const [, field, text] = /^([^:]*):? ?(.*)$/.exec(line);
      if (line === "" && event.data !== null) yield event;
      if (line === "") event = { name: "message", id: event.id, data: null };
      else if (field === "event") event.name = text;
      else if (field === "data") event.data = event.data === null ? text : `${event.data}\n${text}`;
      else if (field === "id") event.id = text;
      else if (field === "retry") event.retryAfter = Number(text) / 1000;
    }
  }
}

/** The data of the envelope that answers a request. */
async function request(method, server, path, body) {
  let response;
  try {
    response = await fetch(base(server) + path, {
      method,
      credentials: "include",
      signal: AbortSignal.timeout?.(REQUEST_MS),
      ...(body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (response.ok) return (await response.json()).data;
  } catch {
    throw new RequestFailed(readEnvelope(""));
  }
  throw await failureOf(response);
}

async function failureOf(response) {
  const { message, data } = readEnvelope(await response.text().catch(() => ""));
  return new RequestFailed({ status: response.status, message, data, retryAfter: retryAfterOf(response) });
}

function retryAfterOf(response) {
  return Number(response.headers.get("Retry-After")) || undefined;
}

function base(server = "") {
  return server.replace(/\/+$/, "");
}

/** The envelope in a text; one with status 0 when it is none. */
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
