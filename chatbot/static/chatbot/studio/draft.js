/**
 * Saves the draft a moment after the last change. It never overwrites another editor's changes.
 *
 * Unsaved fields also stay in this browser, with their revision, until the server has them.
 */

import { picked } from "./picks.js";
import { ask } from "./request.js";

const PAUSE_MS = 500;
const RETRY_MS = 3000;

export class Draft {
  #url;
  #key;
  #read;
  #revision;
  #saved;
  #sent = null; // what was sent last, until it is known whether the server has it
  #timer = 0;
  #saving = null;
  #halted = false;
  #report;
  #user;
  #tab = Math.random().toString(36);

  /**
   * @param {{url: string, key: string, revision: number, saved: object, read: () => object,
   *   report: (state: string, envelope: any) => void}} parts  `read` gives the fields as they are now; `saved` is what the
   *   server has; `report` gets `unsaved`, `saving`, `saved`, `offline`, `signedOut`, `conflict` and `refused`
   */
  constructor({ url, key, revision, saved, read, report, user }) {
    this.#url = url;
    this.#key = key;
    this.#revision = revision;
    this.#saved = JSON.stringify(saved);
    this.#read = read;
    this.#report = report;
    this.#user = user;
  }

  get revision() {
    return this.#revision;
  }

  get isSaved() {
    return JSON.stringify(this.#read()) === this.#saved;
  }

  /** The unsaved fields of an earlier visit, `{revision, fields}`; null when there are none. */
  leftBehind() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#key));
      if (kept && JSON.stringify(kept.fields) !== this.#saved) {
        const arrived = JSON.stringify(kept.sent) === this.#saved; // only the answer did not
        return arrived ? { ...kept, revision: this.#revision } : kept;
      }
    } catch {
      return null;
    }
    this.#forget({ others: true });
    return null;
  }

  /** Continues from the revision of the unsaved fields. If it is an old one, the server names the newer editor. */
  continueFrom(revision) {
    this.#revision = revision;
    this.changed();
  }

  /** The fields changed: stores them here at once, and saves them in a moment. */
  changed() {
    if (this.isSaved) {
      this.#forget();
      if (!this.#halted) this.#report("saved", null);
      return;
    }
    this.#keep();
    if (this.#halted) return;
    this.#report("unsaved", null);
    this.#later(PAUSE_MS);
  }

  /** Saves now; resolves to whether the server has everything. */
  async save() {
    clearTimeout(this.#timer);
    if (this.#halted) return false;
    if (this.#saving) await this.#saving;
    if (this.isSaved) return true;
    this.#saving = this.#send();
    try {
      return await this.#saving;
    } finally {
      this.#saving = null;
      if (!this.isSaved && !this.#halted && !this.#timer) this.#later(PAUSE_MS);
    }
  }

  /** After a conflict; `revision` is the other editor's. Takes the other's `fields`, or saves mine without them. */
  settle(revision, fields) {
    this.#halted = false;
    this.#sent = null;
    this.#revision = revision;
    if (fields) {
      this.#saved = JSON.stringify(fields);
      this.changed();
    } else {
      this.#saved = "";
      this.save();
    }
  }

  /** Sends the fields. What may have arrived is sent again first: else it would look like another editor's. */
  async #send() {
    this.#timer = 0;
    const again = this.#sent !== null;
    const fields = this.#sent ?? this.#read();
    this.#sent = fields;
    this.#keep();
    this.#report("saving", null);
    const envelope = await ask(this.#url, { ...fields, ...picked(), revision: this.#revision, user: this.#user });
    if (envelope.status === 200) {
      this.#sent = null;
      this.#saved = JSON.stringify(fields);
      this.#revision = envelope.data.revision;
      if (this.isSaved) this.#forget();
      else this.#keep();
      this.#report(this.isSaved ? "saved" : "unsaved", envelope);
      return this.isSaved || (again && this.#send());
    }
    if (envelope.status === 409 && JSON.stringify(fields) !== JSON.stringify(this.#read())) {
      this.#sent = null;
      return this.#send(); // so that the difference is that of the text as it is now
    }
    this.#failed(envelope);
    return false;
  }

  #failed(envelope) {
    if (envelope.status === 409) {
      this.#halted = true;
      this.#report("conflict", envelope);
    } else if (envelope.status === 0 || envelope.status >= 500) {
      this.#report("offline", envelope);
      this.#later(RETRY_MS);
    } else if (envelope.status === 401) {
      this.#report("signedOut", envelope);
      this.#later(RETRY_MS);
    } else {
      this.#sent = null;
      this.#report("refused", envelope);
      this.#timer = -1; // the next change tries again
    }
  }

  #later(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), milliseconds);
  }

  #keep() {
    try {
      localStorage.setItem(this.#key, JSON.stringify({ tab: this.#tab, revision: this.#revision, fields: this.#read(), sent: this.#sent }));
    } catch {
      // Storage is full or switched off: only the warning before leaving remains.
    }
  }

  /** Forgets what this tab stored. What another tab stored stays, unless it is known to be saved. */
  #forget({ others = false } = {}) {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#key));
      if (others || kept?.tab === this.#tab) localStorage.removeItem(this.#key);
    } catch {
      // Nothing was stored.
    }
  }
}
