/** Answers while they are written, without a DOM. See leafresh-client.d.ts and docs/client.md. */

const MAX_FAILURES = 8; // in a row
const SILENCE_MS = 20_000; // the server pings every 5 s
const OFFLINE_MS = 10_000; // some browsers never tell that the network is back
const REQUEST_MS = 15_000;
const STOP_MS = 5_000; // then the client ends by itself
const TOKEN = "X-Leafresh-Session-Token";
const TOKEN_KEY = "leafresh.token.";
const UNREADABLE = { status: 0, message: "", data: null };

export const recommend = ({ location, workType, category }, handlers, options) =>
  ask("base-info", { location, workType, category }, handlers, options);

export const say = (message, handlers, options) =>
  ask("free-text", { message: message.normalize("NFC") }, handlers, options); // decomposed, as from macOS, it is thrice as long

export const loadOptions = ({ server } = {}) => request("GET", "/api/challenges/options", { server });

export const conversation = ({ limit = 50, before = "", ...session }) =>
  request("GET", `${sessionPath(session)}?${new URLSearchParams({ limit, before })}`, session);

export async function forget(session) {
  await request("DELETE", sessionPath(session), session);
  keep(TOKEN_KEY + session.sessionId, "");
  return null;
}

export function rate(generationId, thought, session) {
  const { sessionId } = session;
  const path = `/api/chatbot/generations/${generationId}/feedback`;
  return thought
    ? request("PUT", path, session, { sessionId, ...thought })
    : request("DELETE", `${path}?${new URLSearchParams({ sessionId })}`, session);
}

export function parseText(text) {
  const [sentence, ...blocks] = text.split("\n\n");
  const challenges = blocks.map((block, index) => {
    const [line, ...description] = block.split("\n");
    const number = `${index + 1}. `;
    return { title: number.startsWith(line) ? "" : line.slice(number.length), description: description.join("\n") };
  });
  return { sentence: sentence.trimEnd(), challenges };
}

export function layoutText({ recommend: sentence, challenges }) {
  const blocks = challenges.map(({ title, description }, index) => `${index + 1}. ${title}\n${description}`);
  return [sentence, ...blocks].join("\n\n");
}

export function rememberedSessionId(key = "leafresh.session", anew = false) {
  const known = kept(key);
  if (!anew && /^[\x21-\x7e]{1,128}$/.test(known)) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const fresh = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  keep(TOKEN_KEY + known, "");
  keep(key, fresh);
  return fresh;
}

const held = new Map(); // for this page: what storage refused, because it is switched off or full
globalThis.addEventListener?.("storage", ({ key, storageArea }) => {
  if (key !== null) held.delete(key); // another tab could store it
  else if (storageArea === localStorage) held.clear();
});

/** What `keep` stored, here or in another tab; "" for nothing. */
function kept(key) {
  if (held.has(key)) return held.get(key);
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function keep(key, value) {
  held.delete(key);
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    held.set(key, value);
  }
}

function keepToken(sessionId, token) {
  if (sessionId && token) keep(TOKEN_KEY + sessionId, token);
}

/** The header with the session's token, if one is known. */
function tokenHeader({ sessionId, sessionToken }) {
  const token = sessionToken || kept(TOKEN_KEY + sessionId);
  return token ? { [TOKEN]: token } : {};
}

/** One answer. After a broken connection the next one continues after the last event. */
function ask(path, question, on, { server, sessionId = "", sessionToken, generationId = "" } = {}) {
  const query = new URLSearchParams(sessionId ? { ...question, sessionId } : question);
  const url = `${base(server)}/ai/chatbot/recommendation/${path}?${query}`;
  let lastNumber = generationId ? 1 : 0; // one that is taken up: all but its `start`
  let text = "";
  let items = [];
  let failures = 0;
  let reported;
  let isStopping = false;
  let isOver = false;
  let connection;
  let silence;
  let wake = () => {};
  let end;
  const ended = new Promise((resolve) => (end = resolve));

  async function run() {
    await null; // whoever asks has the handle before anything is reported
    while (!isOver) {
      const patience = await listen().catch((error) => error.status && fail(error)); // all else: the connection broke
      if (!isOver) await lost(patience);
    }
  }

  /** One connection. Returns the seconds until the next, if the server says so. */
  async function listen() {
    connection = new AbortController();
    awaitSign();
    const headers = { Accept: "text/event-stream", ...tokenHeader({ sessionId, sessionToken }) };
    if (generationId) headers["Last-Event-ID"] = `generation-${generationId}:${lastNumber}`;
    const { signal } = connection;
    const response = await fetch(url, { headers, credentials: "include", cache: "no-store", signal });
    if (response.status === 204) concludeHere(); // all has been seen
    if (response.status >= 400 && response.status < 500) throw await failureOf(response);
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) return; // a gateway alone
    for await (const event of eventsOf(response.body)) {
      if (isOver) break;
      awaitSign();
      if (event.name === "error" && !event.id) {
        event.retryAfter ??= retryAfterOf(response);
        if (lastNumber && event.retryAfter) return event.retryAfter; // the rest comes later
      } else report("open");
      take(event);
    }
  }

  function take({ name, id, data, retryAfter }) {
    const takes = {
      __proto__: null,
      start: (start) => {
        sessionId = start.sessionId;
        keepToken(sessionId, start.sessionToken);
        on.onStart?.(start);
      },
      challenge: (token) => show(text + (token.token ?? token)), // a string with tokens=text
      rewrite: ({ length }) => show(text.slice(0, length)),
      item: (item) => {
        items[item.index - 1] = item;
        on.onItem?.(item);
      },
      notice: (notice, { message }) => on.onNotice?.(notice, message),
      close: (answer, { message }) => conclude(answer, message),
      error: (_, envelope) => fail({ ...envelope, retryAfter }),
    };
    if (name === "stream-reset") begin("");
    if (!takes[name] || !isNew(id)) return;
    const envelope = readEnvelope(data);
    if (envelope === UNREADABLE) fail(envelope);
    else takes[name](envelope.data, envelope);
  }

  /** Another generation's event begins the text again. */
  function isNew(eventId) {
    const [, generation, number] = /^generation-(.+):(\d+)$/.exec(eventId) ?? [];
    if (!generation) return true;
    if (generation !== generationId) begin(generation);
    if (Number(number) <= lastNumber) return false;
    lastNumber = Number(number);
    failures = 0;
    return true;
  }

  function begin(generation) {
    generationId = generation;
    lastNumber = 0;
    show("");
  }

  function show(changed) {
    if (isOver || changed === text) return;
    text = changed;
    items.length = Math.min(items.length, parseText(text).challenges.length);
    on.onText?.(text);
  }

  async function lost(patience = 0) {
    clearTimeout(silence);
    if (isStopping) return concludeHere();
    const { onLine } = navigator;
    if (onLine) failures += 1;
    if (failures > MAX_FAILURES) return fail(UNREADABLE);
    report("reconnecting");
    const delay = 250 * 2 ** Math.min(failures, 4) * (1 + Math.random() / 4);
    await new Promise((resolve) => {
      wake = resolve;
      addEventListener("online", wake);
      setTimeout(wake, onLine ? Math.max(delay, patience * 1000) : OFFLINE_MS);
    });
    removeEventListener("online", wake);
  }

  function report(state) {
    if (isOver || state === reported) return;
    reported = state;
    on.onConnection?.(state);
  }

  function awaitSign() {
    clearTimeout(silence);
    silence = setTimeout(() => connection.abort(), SILENCE_MS);
  }

  /** Ends without a terminal event: what is complete stays. */
  function concludeHere() {
    conclude({ kind: "recommendation", recommend: parseText(text).sentence, challenges: items, stopped: true }, "");
  }

  function conclude(answer, message) {
    if (isOver) return;
    show(layoutText(answer));
    close();
    on.onClose?.(answer, message);
  }

  function fail({ status, message, data, retryAfter }) {
    if (isOver) return;
    close();
    on.onError?.({ status, message, data, retryAfter });
  }

  function close() {
    isOver = true;
    clearTimeout(silence);
    connection?.abort();
    wake();
    end();
  }

  async function stop() {
    if (isOver) return;
    isStopping = true;
    if (!generationId) return concludeHere();
    setTimeout(concludeHere, STOP_MS);
    const query = sessionId && `?${new URLSearchParams({ sessionId })}`;
    const path = `/api/chatbot/generations/${generationId}/stop${query}`;
    await request("POST", path, { server, sessionId, sessionToken }).catch(concludeHere);
    await ended; // by its `close` event
  }

  run();
  return { stop, close };
}

/** The server-sent events of a body (WHATWG HTML §9.2), also those with empty data. */
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { name: "message", id: "" };
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      const [, field, text] = /^([^:]*):? ?(.*)$/.exec(line);
      if (field === "event") event.name = text;
      if (field === "data") event.data = event.data === undefined ? text : `${event.data}\n${text}`;
      if (field === "id") event.id = text;
      if (field === "retry") event.retryAfter = Number(text) / 1000;
      if (line !== "") continue;
      if (event.data !== undefined) yield event;
      event = { name: "message", id: event.id };
    }
  }
}

async function request(method, path, session, body) {
  let response;
  try {
    response = await fetch(base(session.server) + path, {
      method,
      credentials: "include",
      signal: AbortSignal.timeout?.(REQUEST_MS),
      headers: { ...tokenHeader(session), ...(body && { "Content-Type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    keepToken(session.sessionId, response.headers.get(TOKEN));
    if (response.ok) return (await response.json()).data;
  } catch (error) {
    if (error instanceof TypeError) explain(session.server).catch(() => {});
    throw Object.assign(new Error(), UNREADABLE);
  }
  throw await failureOf(response);
}

let isExplained = false;

/** Tells the developer when it may be the browser that keeps the page from the server: files are for all pages. */
async function explain(server) {
  const page = globalThis.location?.origin;
  if (isExplained || !page || !server || new URL(server, location.href).origin === page) return;
  await fetch(`${base(server)}/chat/ko.json`);
  isExplained = true;
  console.error(`Leafresh: ${server} may not allow this page. It needs LEAFRESH_CORS_ORIGINS=${page}`);
}

async function failureOf(response) {
  const { message, data } = readEnvelope(await response.text().catch(() => ""));
  return Object.assign(new Error(message), { status: response.status, data, retryAfter: retryAfterOf(response) });
}

const retryAfterOf = (response) => Number(response.headers.get("Retry-After")) || undefined;
const base = (server = "") => server.replace(/\/+$/, "");
const sessionPath = ({ sessionId }) => `/api/chatbot/sessions/${encodeURIComponent(sessionId)}`;

function readEnvelope(text) {
  try {
    const { status, message, data } = JSON.parse(text);
    return { status, message, data };
  } catch {
    return UNREADABLE;
  }
}
