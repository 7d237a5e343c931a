// The link on the terminal ends with #token=…: put it into the form and take it out of the address and the history.
export function token(document) {
  const field = document.querySelector("[data-token]");
  const sent = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!field || !sent) return;
  field.value = sent;
  history.replaceState(null, "", location.pathname + location.search);
  field.form.querySelector("button").focus();
}
