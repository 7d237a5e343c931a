// The link in the terminal ends with #token=…: fill in the form with it, and remove it from the address and the history.
export function token(document) {
  const field = document.querySelector("[data-token]");
  const sent = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!field || !sent) return;
  field.value = sent;
  history.replaceState(null, "", location.pathname + location.search);
  field.form.querySelector("button").focus();
}
