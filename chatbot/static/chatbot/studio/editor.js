/** The editor's page: fields, problems, preview, conflicts; trying, checking and publishing the draft. */

import { Check } from "./check.js";
import { prepareTrials } from "./compare.js";
import { Draft } from "./draft.js";
import { showUnderstood } from "./elements.js";
import { onPick, picked, rememberPicks } from "./picks.js";
import { ask, config, fill, say, strings } from "./request.js";

const find = (id) => document.getElementById(id);
const TEXTS = ["system_text", "user_text"];
const NUMBERS = ["temperature", "max_tokens"];
const TYPING_MS = 400;
const SHOWN = { saved: "success", unsaved: "", saving: "", offline: "warning", signedOut: "warning", conflict: "danger", refused: "danger" };

let state = config.state;
let check = null;
let refusal = "";
let refreshed = 0;

function readFields() {
  const numbers = NUMBERS.map((name) => [name, find(name).value === "" ? null : Number(find(name).value)]);
  return {
    system_text: find("system_text").value,
    user_text: find("user_text").value,
    model: find("model").value,
    ...Object.fromEntries(numbers),
  };
}

function writeFields(fields) {
  if (fields.model && !Array.from(find("model").options).some((option) => option.value === fields.model)) {
    find("model").append(new Option(fields.model, fields.model)); // no longer offered: the problems say so
  }
  for (const [name, value] of Object.entries(fields)) find(name).value = value ?? "";
}

const draft = new Draft({
  url: config.save,
  key: `leafresh.studio.${config.user}.${config.save}`,
  revision: config.state.revision,
  saved: config.draft,
  read: readFields,
  user: config.user,
  report: showSaving,
});

function showSaving(how, envelope) {
  refusal = ["refused", "signedOut"].includes(how) ? envelope.message : "";
  say(find("save-state"), refusal || strings[how]);
  find("save-state").className = `flag ${SHOWN[how]}`;
  if (how === "conflict") showConflict(envelope.data);
  if (envelope?.status === 200) show(envelope.data);
}

function show(next) {
  const gateMoved = JSON.stringify(next.gate) !== JSON.stringify(state.gate);
  state = next;
  const by = state.revision ? `${state.editedAt} · ${state.editedBy || "–"}` : "";
  find("save-by").textContent = by;
  find("length").textContent = fill(strings.length, { length: state.length.toLocaleString(), limit: state.limit.toLocaleString() });
  if (find("sources")) find("sources").textContent = state.gate.sources;
  if (state.preview) {
    // The server escapes what people wrote: its marks around the values are the only markup.
    find("preview-system").innerHTML = state.preview.system;
    find("preview-user").innerHTML = state.preview.user;
    say(find("preview-failure"), "");
    showUnderstood("preview-understood", state.preview.understood);
  }
  showProblems();
  for (const place of ["gate", "gate-in-sight"]) {
    find(place).textContent = state.gate.text;
    find(place).className = `flag ${{ open: "success", problems: "danger", shut: "danger", stale: "warning" }[state.gate.state] ?? ""}`;
  }
  if (gateMoved) check?.renew(state.gate.check);
}

function showProblems() {
  if (state.problems.some(({ field }) => field && !TEXTS.includes(field))) find("model-settings").open = true;
  const lists = { "": "both", system_text: "system_text", user_text: "user_text" };
  const places = Object.fromEntries(["both", ...TEXTS, "model"].map((place) => [place, []]));
  for (const problem of state.problems) places[lists[problem.field] ?? "model"].push(problem);
  for (const [place, problems] of Object.entries(places)) {
    find(`problems-${place}`).replaceChildren(...problems.map(problemLine));
    if (TEXTS.includes(place)) find(place).setAttribute("aria-invalid", String(problems.length > 0));
  }
}

/** A problem. With a position in a text it is a button that leads there. */
function problemLine(problem) {
  const line = document.createElement("li");
  line.textContent = `${problem.text} `;
  if (problem.line === null) return line;
  const jump = document.createElement("button");
  jump.type = "button";
  jump.className = "jump";
  jump.textContent = fill(strings.place, problem);
  jump.addEventListener("click", () => {
    const field = find(problem.field);
    field.focus();
    field.setSelectionRange(problem.start, problem.end);
  });
  line.append(jump);
  return line;
}

function showConflict(theirs) {
  const panel = find("conflict");
  find("conflict-words").textContent = fill(strings.conflictBy, { editor: theirs.editedBy, time: theirs.editedAt });
  find("conflict-system").innerHTML = theirs.differences.system; // escaped by the server, but for its own marks
  find("conflict-user").innerHTML = theirs.differences.user;
  panel.hidden = false;
  panel.scrollIntoView({ block: "start" });
  find("take-mine").onclick = () => {
    panel.hidden = true;
    draft.settle(theirs.revision);
  };
  find("take-theirs").onclick = () => {
    const mine = readFields();
    panel.hidden = true;
    writeFields(theirs.theirs);
    draft.settle(theirs.revision, readFields());
    refresh();
    offerBack(mine);
  };
}

/** Offers to put back what the fields held before they were filled with something else. */
function offerBack(mine) {
  find("regret").hidden = false;
  find("bring-back").onclick = () => {
    find("regret").hidden = true;
    writeFields(mine);
    draft.changed();
  };
}

/** Asks for the state of the saved draft with the present picks. Ignores answers that are out of date. */
async function refresh({ again = true } = {}) {
  const mine = (refreshed += 1);
  const { status, message, data } = await ask(config.preview, { ...picked() });
  if (mine !== refreshed) return;
  if (status === 200 && data.revision < draft.revision) {
    if (again) refresh({ again: false }); // it was saved meanwhile
  } else if (status === 200 && draft.isSaved) show({ ...data, revision: draft.revision });
  else if (status === 400 || status === 422) say(find("preview-failure"), message); // what was picked cannot be said
}

/** A check is over: the next state, also one from an earlier save, says again whether the check still holds. */
function checkEnded() {
  state = { ...state, gate: null };
  refresh();
}

async function saved() {
  return (await draft.save()) ? draft.revision : null;
}

function prepareFields() {
  let last = find("user_text");
  for (const name of [...TEXTS, ...NUMBERS, "model"]) find(name).addEventListener("input", () => draft.changed());
  for (const name of TEXTS) find(name).addEventListener("focus", () => (last = find(name)));
  for (const chip of document.querySelectorAll("[data-insert]")) {
    chip.addEventListener("click", () => {
      last.focus();
      const marker = `{{${chip.dataset.insert}}}`;
      // Deprecated, but the only way to insert that the browser's own undo takes back.
      if (!document.execCommand("insertText", false, marker)) {
        last.setRangeText(marker, last.selectionStart, last.selectionEnd, "end");
        draft.changed();
      }
    });
  }
  find("save-now")?.addEventListener("click", () => draft.save());
  find("start-over")?.addEventListener("click", () => {
    const mine = readFields();
    if (config.live) writeFields(config.live);
    offerBack(mine);
    draft.changed();
  });
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      draft.save();
    }
  });
  addEventListener("online", () => draft.save());
  addEventListener("visibilitychange", () => document.hidden && draft.save());
  addEventListener("beforeunload", (event) => {
    if (!draft.isSaved) event.preventDefault();
  });
}

function preparePublishing() {
  const form = find("publish-form");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failure = find("publish-failure");
    say(failure, "");
    find("publish").disabled = true;
    const revision = await saved();
    const override = find("override")?.value ?? "";
    const body = { revision, note: find("note").value, override };
    const { status, message, data } = revision === null ? { status: 0, message: find("save-state").textContent } : await ask(config.publish, body);
    if (status === 200) location.assign(data.page);
    else {
      say(failure, message);
      find("publish").disabled = false;
    }
  });
}

function begin() {
  writeFields(config.draft);
  show(config.state);
  rememberPicks();
  onPick(refresh, TYPING_MS);
  refresh();
  if (config.mayEdit) {
    prepareFields();
    const left = draft.leftBehind();
    if (left) {
      writeFields(left.fields);
      say(find("restored"), strings.restored);
      draft.continueFrom(left.revision);
    }
  }
  prepareTrials({ before: async () => (await saved()) !== null });
  check = new Check({ before: saved, onEnd: checkEnded });
  preparePublishing();
}

begin();
