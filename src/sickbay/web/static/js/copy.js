// data-copy is the id of the element whose text is copied. The button shows "Copied" for two seconds, at the same width.
// Without a clipboard (plain http under a name that isn't loopback, or a frame of another site), it uses execCommand.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    const focused = document.activeElement;
    field.value = text;
    field.className = "vh";
    field.readOnly = true;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    focused?.focus({ preventScroll: true });
    return copied;
  }
}

export function toast(text) {
  const place = document.querySelector("[data-toast]");
  place.textContent = text;
  clearTimeout(toast.waits);
  toast.waits = setTimeout(() => { place.textContent = ""; }, 5000);
}

function said(button) {
  const label = button.querySelector("span");
  if (!label || button.dataset.was) return;
  button.dataset.was = label.textContent;
  label.textContent = "Copied";
  button.setAttribute("data-copied", "");
  setTimeout(() => { label.textContent = button.dataset.was; delete button.dataset.was; }, 2000);
}

export function copying(document) {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) return;
    if (!await copyText(source.textContent.trim())) {
      getSelection().selectAllChildren(source);
      toast("This browser blocks copying. The text is selected: press Ctrl+C or Cmd+C.");
      return;
    }
    said(button);
    toast((button.getAttribute("aria-label") || button.dataset.was || "Copied").replace(/^Copy/, "Copied"));
  });
}
