/** Shows a text that grows unevenly at an even pace. */

const SECONDS_BEHIND = 0.35; // about that late
const SLOWEST = 45; // characters a second

export function pace(show) {
  let target = "";
  let length = 0; // of what is shown
  let frame = 0;
  let due;
  let last;
  let settled;

  function step(now) {
    const waiting = target.length - length;
    due += (Math.max(0, now - last) / 1000) * Math.max(SLOWEST, waiting / SECONDS_BEHIND);
    last = now;
    const count = Math.min(waiting, Math.floor(due));
    if (count > 0) {
      due -= count;
      length += count;
      if (/[\ud800-\udbff]/.test(target[length - 1])) length += 1; // never half a character
      show(target.slice(0, length));
    }
    if (length >= target.length) rest();
    else frame = requestAnimationFrame(step);
  }

  function flush() {
    if (length < target.length) show(target.slice(0, (length = target.length)));
    rest();
  }

  function rest() {
    cancelAnimationFrame(frame);
    frame = 0;
    document.removeEventListener("visibilitychange", flush);
    const then = settled;
    settled = null;
    then?.();
  }

  return {
    flush,
    /** The text so far. Shown text that is no longer part of it disappears at once. */
    write(text) {
      const before = length;
      while (!text.startsWith(target.slice(0, length))) length -= 1;
      target = text;
      if (length < before) show(text.slice(0, length));
      if (document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches) return flush();
      if (length >= text.length || frame) return;
      due = 1; // the first character at once
      last = performance.now();
      document.addEventListener("visibilitychange", flush); // a hidden page draws no frames
      frame = requestAnimationFrame(step);
    },
    /** Calls `then` as soon as everything is shown. */
    settle(then) {
      settled = then;
      if (!frame) rest();
    },
  };
}
