// Opens the tab of a launched app, so that a blocked pop-up is noticed: the server never hears of it.
// data-tab, on a link or a form, is the id of the note about blocked pop-ups, if the page has one.
// The tab gets a copy of this tab's session storage (so no "noopener"), and loses its opener before the app loads, because
// the app must not be able to navigate our tab. Without this script, the links are "noopener".
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
