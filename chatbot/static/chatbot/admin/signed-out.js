/** Signing in in another window gave the browser another token: the form takes it when it is sent. */

document.getElementById("kept").addEventListener("submit", ({ target }) => {
  const token = /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie);
  if (token) target.elements.csrfmiddlewaretoken.value = token[1];
});
