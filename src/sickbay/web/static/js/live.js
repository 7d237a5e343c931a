// data-live names the address of a fragment of ours that replaces this element, every two seconds while it is seen.
export function live(document) {
  const place = document.querySelector("[data-live]");
  if (!place) return;
  let shown = "";
  const again = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(place.dataset.live, { headers: { Accept: "text/html" } });
        const said = answer.ok ? await answer.text() : shown;
        if (said !== shown) place.innerHTML = said;
        shown = said;
      } catch { /* the server rests; we ask again */ }
    }
    setTimeout(again, 2000);
  };
  setTimeout(again, 1500);
}
