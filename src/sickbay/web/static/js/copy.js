// data-copy names the element whose text is copied. The button says so for two seconds, at the same width.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "vh";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
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
    await copyText(source.textContent.trim());
    said(button);
    toast((button.getAttribute("aria-label") || button.dataset.was || "Copied").replace(/^Copy/, "Copied"));
  });
}
