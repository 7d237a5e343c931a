// What launches an app in a tab is opened from here, so that a browser that blocks the tab can be noticed: no server hears of it.
// data-tab, on a link or a form, names the note that says so.
function opened(element, address) {
  const other = window.open(address, "_blank");
  if (other && element.rel !== "opener") other.opener = null;
  const note = document.getElementById(element.dataset.tab);
  note.hidden = other !== null;
  note.querySelector("a").href = address;
}

const plain = (event) => event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

export function tab(document) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-tab]");
    if (!link || !plain(event)) return;
    event.preventDefault();
    opened(link, link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.tab) return;
    event.preventDefault();
    opened(form, `${form.action}?${new URLSearchParams(new FormData(form))}`);
  });
}
