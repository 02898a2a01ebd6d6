/** Types of leafresh-client.js. */

/** What a person picks: keys, labels or aliases, in any case. */
export interface Selection {
  location: string;
  workType: string;
  category: string;
}

export interface Challenge {
  /** 1–10 characters */
  title: string;
  description: string;
  /** The category's key, such as `VEGAN`. */
  category: string;
  /** The category's Korean name. */
  label: string;
}

/** A challenge that is complete; `index` counts from 1. */
export interface Item extends Challenge {
  index: number;
}

export type Kind = "recommendation" | "explanation" | "smalltalk" | "declined" | "help";

export interface Answer {
  kind: Kind;
  /** The sentence. For other kinds than `recommendation` it is the whole answer. */
  recommend: string;
  /** Three for a recommendation, fewer when it was stopped; none for the other kinds. */
  challenges: Challenge[];
  /** For the kind `help`: the numbers in the sentence, and who answers there. */
  help?: { lines: { name: string; number: string }[] };
  stopped?: boolean;
}

export interface Labelled {
  key: string;
  label: string;
}

export interface Start {
  generationId: string;
  sessionId: string;
  category: Labelled;
  promptVersion: string;
  source: string;
  /** The proof of owning the session; only in the answer that begins it. The module keeps and sends it. */
  sessionToken?: string;
}

/** Something that a person should know. Ignore kinds that you do not know. */
export type Notice =
  | { kind: "category-changed"; from: Labelled; to: Labelled; undo: string }
  | { kind: "assumed"; location?: Labelled; workType?: Labelled; category?: Labelled }
  | { kind: "fallback"; source: string; challenges?: number[] };

/** Why there is no answer. */
export interface Failure {
  /** The HTTP status, or 0 when the server could not be reached. */
  status: number;
  /** In Korean, for the person; empty when `status` is 0. */
  message: string;
  data: { invalidFields?: string[] } | null;
  /** Seconds after which to try again, where the server said so (429, 503). */
  retryAfter?: number;
}

/** All optional. */
export interface Handlers {
  /** A generation answers; called again when a lost one was replaced. */
  onStart?(start: Start): void;
  /** The whole text so far. It can shrink when a model takes text back; it is "" when the answer begins again. */
  onText?(text: string): void;
  onItem?(item: Item): void;
  onNotice?(notice: Notice, message: string): void;
  /** The end: the answer is complete, or was stopped. */
  onClose?(answer: Answer, message: string): void;
  /** The end: there is no answer. */
  onError?(failure: Failure): void;
  /** The connection broke, or is open (again). */
  onConnection?(state: "open" | "reconnecting"): void;
}

export interface Place {
  /** The server's address; the page's own origin when left out. */
  server?: string;
}

export interface Session extends Place {
  /** 1–128 visible ASCII characters, not to be guessed. */
  sessionId: string;
  /** The token in `start`, when you keep it yourself. By default the module takes its own from localStorage. */
  sessionToken?: string;
}

export interface Options extends Place {
  sessionId?: string;
  sessionToken?: string;
  /** Continues this generation, such as a `running` turn of `conversation()`, and asks for no new one. */
  generationId?: string;
}

export interface Handle {
  /** Ends the answer, on the server too; `onClose` comes with what was complete, before the promise resolves. */
  stop(): Promise<void>;
  /** Stops listening; nothing is reported any more. */
  close(): void;
}

export interface Option extends Labelled {
  description: string;
  emoji: string;
}

export interface Choices {
  locations: Option[];
  workTypes: Option[];
  categories: Option[];
}

export interface Thought {
  thumb: "up" | "down";
  /** 500 characters at most */
  reason?: string;
}

export interface Turn {
  generationId: string;
  /** ISO 8601 */
  askedAt: string;
  request: Selection & { message?: string; intent?: string };
  promptVersion: string;
  source: string;
  outcome: "running" | "completed" | "stopped" | "abandoned" | "failed" | "interrupted";
  answer: Answer | null;
  /** A changed category; other notices are not kept. */
  notices: Notice[];
  feedback: Required<Thought> | null;
}

/** Which turns of a conversation: its newest ones, unless told otherwise. */
export interface Page {
  /** 1–200 turns; 50 when left out. */
  limit?: number;
  /** Only turns before these: `before` of the page that they are on. */
  before?: string;
}

export interface Conversation {
  sessionId: string;
  /** In order, the newest last. */
  turns: Turn[];
  /** Whether there are turns before these. */
  hasMore: boolean;
  /** The `before` for these turns; null when there are none. */
  before: string | null;
}

/**
 * Asks, and reports the answer while it is written. Handlers get the whole text so far, never pieces.
 * Exactly one of `onClose` and `onError` ends an answer, unless `close()` does.
 */
export function recommend(selection: Selection, handlers: Handlers, options?: Options): Handle;
export function say(message: string, handlers: Handlers, options?: Options): Handle;
/** These four reject with an `Error` that is a `Failure`, too. */
export function loadOptions(options?: Place): Promise<Choices>;
export function conversation(options: Session & Page): Promise<Conversation>;
export function forget(options: Session): Promise<null>;
export function rate(
  generationId: string,
  thought: Thought | null,
  options: Session,
): Promise<{ generationId: string; feedback: Required<Thought> | null }>;
/** The sentence before the first blank line, then the challenges. The text may be unfinished. */
export function parseText(text: string): { sentence: string; challenges: Pick<Challenge, "title" | "description">[] };
/** The answer's text: what the tokens of its stream give when joined. */
export function layoutText(answer: Pick<Answer, "recommend" | "challenges">): string;
/** Made once and kept in localStorage under `key`, or for this page when storage fails. `anew` makes a new one. */
export function rememberedSessionId(key?: string, anew?: boolean): string;
