// data-probe names a page of ours under another name; where it cannot store, an app of another site cannot either, and the note is shown.
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
