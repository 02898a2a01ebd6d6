/** The form in which a person picks a selection: three groups of cards, built from what the server offers. */

const KINDS = { location: "locations", workType: "workTypes", category: "categories" };

export class Picker {
  #form;
  #strings;
  #options = {};

  /**
   * @param {HTMLFormElement} form
   * @param {{strings: Record<string, string>, load: () => Promise<import("./leafresh-client.js").Options>,
   *   onPick: (selection: import("./leafresh-client.js").Selection) => void}} parts
   */
  constructor(form, { strings, load, onPick }) {
    this.#form = form;
    this.#strings = strings;
    form.addEventListener("change", () => this.#changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#isComplete()) onPick(this.selection);
    });
    this.reload = () => this.#fill(load);
  }

  /** What is picked: keys, "" where nothing is. */
  get selection() {
    const data = new FormData(this.#form);
    return Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, data.get(kind) ?? ""]));
  }

  /** A selection as a person reads it: `[{emoji, label}, …]`, without what is not picked. */
  describe(selection) {
    const chosen = ([kind, key]) => this.#options[kind]?.find((option) => option.key === key) ?? [];
    return Object.entries(selection).flatMap(chosen);
  }

  #part(id) {
    return this.#form.querySelector(`#${id}`);
  }

  async #fill(load) {
    const { selection } = this;
    const loading = this.#part("loading");
    loading.hidden = false;
    this.#form.querySelector(".failure")?.remove();
    try {
      const options = await load();
      for (const [kind, name] of Object.entries(KINDS)) {
        this.#options[kind] = options[name];
        this.#fillGroup(kind, options[name], selection[kind]);
      }
      this.#part("groups").hidden = false;
      this.#part("picker-dock").hidden = false;
      this.#changed();
    } catch {
      this.#showFailure();
    } finally {
      loading.hidden = true;
    }
  }

  #fillGroup(kind, options, picked) {
    const group = this.#form.querySelector(`fieldset[name="${kind}"]`);
    const cards = options.map((option) => {
      const card = document.getElementById("option").content.cloneNode(true);
      const id = `${kind}-${option.key}`;
      const [label, description] = [card.querySelector(".label"), card.querySelector(".description")];
      const input = card.querySelector("input");
      input.name = kind;
      input.value = option.key;
      input.checked = option.key === picked;
      label.id = `${id}-label`;
      label.textContent = option.label;
      description.id = `${id}-description`;
      description.textContent = option.description;
      input.setAttribute("aria-labelledby", label.id);
      input.setAttribute("aria-describedby", description.id);
      card.querySelector(".emoji").textContent = option.emoji;
      return card;
    });
    const list = document.createElement("div");
    list.className = "options";
    list.append(...cards);
    group.querySelector(".options")?.remove();
    group.append(list);
  }

  #changed() {
    const picked = this.describe(this.selection);
    this.#part("summary").textContent = picked.map(({ label }) => label).join(" · ") || this.#strings.pick;
    for (const group of this.#form.querySelectorAll(".group")) {
      if (group.querySelector("input:checked")) group.querySelector(".missing")?.remove();
    }
  }

  /** Whether each group has a choice; the first one without gets a word and the focus. */
  #isComplete() {
    const empty = [...this.#form.querySelectorAll(".group")].find((group) => !group.querySelector("input:checked"));
    if (!empty) return true;
    empty.querySelector(".missing")?.remove();
    const word = document.createElement("p");
    word.className = "missing";
    word.setAttribute("role", "alert");
    word.textContent = this.#strings.pickHere;
    empty.querySelector("legend").after(word);
    empty.querySelector("input")?.focus({ preventScroll: true });
    empty.scrollIntoView({ block: "start" });
    return false;
  }

  #showFailure() {
    const failure = document.getElementById("failure").content.cloneNode(true).firstElementChild;
    failure.querySelector("p").textContent = this.#strings.optionsFailed;
    const again = document.createElement("button");
    again.className = "button primary";
    again.type = "button";
    again.textContent = this.#strings.retry;
    again.addEventListener("click", () => this.reload());
    failure.append(again);
    this.#part("loading").after(failure);
  }
}
