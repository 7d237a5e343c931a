// data-live is the address of a fragment that replaces this element's content every two seconds while the page is visible.
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
      } catch { /* the server didn't respond; try again */ }
    }
    setTimeout(again, 2000);
  };
  setTimeout(again, 1500);
}
