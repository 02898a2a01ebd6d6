/** The chat page: a selection becomes a turn, a turn is filled by the client while it is written. */

import { loadOptions, recommend, rememberedSessionId } from "./leafresh-client.js";
import { Picker } from "./picker.js";
import { Turn } from "./turn.js";

const { server } = document.body.dataset;
const sessionId = rememberedSessionId();
const strings = Object.fromEntries(
  Array.from(document.getElementById("strings").content.children, (it) => [it.dataset.name, it.textContent]),
);

const views = { picker: document.getElementById("picker"), conversation: document.getElementById("conversation") };
const turns = document.getElementById("turns");
const status = document.getElementById("status");
const buttons = Object.fromEntries(
  Array.from(views.conversation.querySelectorAll("[data-action]"), (it) => [it.dataset.action, it]),
);
const announcements = document.getElementById("announcements");

const picker = new Picker(views.picker, {
  strings,
  load: () => loadOptions({ server }),
  onPick: (selection) => {
    show("conversation");
    ask(selection, picker.describe(selection).map(({ emoji, label }) => `${emoji} ${label}`).join("  "));
  },
});

/** What is asked at present: `{selection, turn, handle}`; the handle is null once it is over. */
let current = null;

buttons.stop.addEventListener("click", () => {
  setState("stopping");
  current.handle?.stop();
});
buttons.again.addEventListener("click", () => ask(current.selection, strings.other));
buttons.retry.addEventListener("click", () => {
  current.turn.begin();
  current.turn.focus();
  write();
});
buttons.choose.addEventListener("click", () => history.back());
window.addEventListener("popstate", (event) => {
  const name = event.state === "conversation" && current ? "conversation" : "picker";
  if (name === "picker") current?.handle?.stop();
  reveal(name);
});

history.replaceState(null, "");
picker.reload();

/** Adds a turn for the selection, under what was said before, and starts its answer. */
async function ask(selection, said) {
  await current?.handle?.stop(); // still running: a person went back while it was written
  const category = picker.describe({ category: selection.category })[0];
  const turn = new Turn({ said, category, strings, announce });
  current = { selection, turn, handle: null };
  turns.append(turn.element);
  turn.element.scrollIntoView({ block: "start" });
  turn.focus();
  write();
}

/** Has the current turn's answer written. */
function write() {
  const asked = current;
  const { turn } = asked;
  let progress = "thinking";
  let isConnected = true;
  const report = () => {
    if (asked !== current || views.conversation.dataset.state === "stopping") return;
    setState(isConnected ? progress : "reconnecting");
  };
  setState("thinking");

  asked.handle = recommend(
    asked.selection,
    {
      onText: (text) => {
        progress = text ? "writing" : "thinking";
        following(() => turn.write(text));
        report();
      },
      onItem: (item) => following(() => turn.complete(item)),
      onNotice: (notice, message) => following(() => turn.note(message)),
      onConnection: (state) => {
        const wasConnected = isConnected;
        isConnected = state === "open";
        if (isConnected !== wasConnected) announce(isConnected ? strings.reconnected : strings.reconnecting);
        report();
      },
      onClose: (answer) => end(asked, answer.stopped ? "stopped" : "done", () => turn.finish(answer)),
      onError: (failure) => {
        const canRetry = failure.status < 400 || failure.status >= 429;
        end(asked, canRetry ? "failed" : "refused", () => turn.fail(wordsOf(failure)));
        if (!canRetry) picker.reload();
      },
    },
    { server, sessionId },
  );
}

function end(asked, state, finish) {
  asked.handle = null;
  following(finish);
  if (asked === current) setState(state);
}

function wordsOf({ status: code, message }) {
  if (code === 0) return strings.unreachable;
  const isPassing = code === 429 || code === 503;
  return isPassing && !message.includes(strings.later) ? `${message} ${strings.later}` : message;
}

const STATES = {
  thinking: ["stop"],
  writing: ["stop"],
  reconnecting: ["stop"],
  stopping: [],
  done: ["again", "choose"],
  stopped: ["again", "choose"],
  failed: ["retry", "choose"],
  refused: ["choose"],
};

/** Says in the dock what is going on, and offers what can be done about it. */
function setState(state) {
  if (views.conversation.dataset.state === state) return;
  const hadFocus = document.activeElement?.dataset.action;
  views.conversation.dataset.state = state;
  status.textContent = strings[state === "refused" ? "failed" : state];
  for (const [action, button] of Object.entries(buttons)) button.hidden = !STATES[state].includes(action);
  if (hadFocus && !STATES[state].includes(hadFocus)) current.turn.focus();
  if (state === "done" || state === "stopped") announce(strings[state]);
}

/** Shows a view; a conversation is a step in the browser's history, so that "back" leads to the picker. */
function show(name) {
  if (name === "conversation") history.pushState(name, "");
  reveal(name);
}

function reveal(name) {
  for (const [key, view] of Object.entries(views)) view.hidden = key !== name;
  window.scrollTo({ top: name === "picker" ? 0 : document.body.scrollHeight, behavior: "instant" });
  if (name === "picker") views.picker.querySelector("input:checked")?.focus({ preventScroll: true });
}

/** Makes a change; whoever was reading at the end of the page stays there. */
function following(change) {
  const root = document.documentElement;
  const wasAtEnd = root.scrollHeight - window.innerHeight - window.scrollY < 80;
  change();
  if (wasAtEnd) window.scrollTo({ top: root.scrollHeight, behavior: "instant" });
}

/** Has screen readers say it, after what they say now. */
function announce(text) {
  const line = document.createElement("p");
  line.textContent = text;
  announcements.append(line);
  while (announcements.children.length > 8) announcements.firstElementChild.remove();
}
