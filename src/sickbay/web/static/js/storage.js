// data-probe is our page under another host name. If it can't store data, an app of another site can't either, and the note is shown.
export function storage(document) {
  const note = document.querySelector("[data-probe]");
  if (!note) return;
  const frame = document.createElement("iframe");
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    note.hidden = event.data.stores !== false;
    frame.remove();
  });
  frame.hidden = true;
  frame.src = note.dataset.probe;
  document.body.append(frame);
}
