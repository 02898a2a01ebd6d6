/** Requests to the studio's endpoints, which answer in the envelope `{status, message, data}`. */

const PATIENCE_MS = 30_000; // a connection that is dead says nothing by itself

/**
 * Sends JSON and returns the envelope. `status` is 0 when the server could not be reached, 401 when the person is signed out.
 *
 * @param {string} url
 * @param {object} [body]  a POST with it; a GET without
 * @returns {Promise<{status: number, message: string, data: any}>}
 */
export async function ask(url, body) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
  const how = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS), ...how });
  } catch {
    return { status: 0, message: strings.unreachable, data: null };
  }
  if (response.redirected) return { status: 401, message: strings.signedOut, data: null };
  try {
    return await response.json();
  } catch {
    // No envelope: after a new sign-in the next try reads its token. Anything else is a fault of the server.
    const signedOut = response.status === 403;
    return { status: signedOut ? 401 : response.status, message: signedOut ? strings.signedOut : strings.failed, data: null };
  }
}

function csrfToken() {
  return /(?:^|;\s*)csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "";
}

function read(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : {};
}

/** The page's texts and data. */
export const strings = read("studio-strings");
export const config = read("studio-config");

/** `pattern` with `{name}` replaced by each of `values`. */
export function fill(pattern, values) {
  return pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Shows `text` in the element, or hides it when there is none. */
export function say(element, text) {
  element.textContent = text;
  element.hidden = !text;
}
