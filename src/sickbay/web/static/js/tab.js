// What launches an app in a tab is opened from here, so that a browser that blocks the tab can be noticed: no server hears of it.
// data-tab, on a link or a form, names the note that says so, if there is one.
// The tab gets a copy of what the app keeps in this one (so no "noopener" here), and then loses its opener before the app
// loads: the app must not be able to lead our tab elsewhere. Without this script the links are "noopener".
function opened(element, address) {
  const other = window.open("about:blank", "_blank");
  if (other) {
    other.opener = null;
    other.location.replace(address);
  }
  const note = element.dataset.tab && document.getElementById(element.dataset.tab);
  if (!note) {
    if (!other) location.assign(address);
    return;
  }
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
