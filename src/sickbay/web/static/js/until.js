// data-until is the address of a fragment that replaces this element's content every second. 204 ends the waiting: the page loads again.
export function until(document) {
  const place = document.querySelector("[data-until]");
  if (!place) return;
  let shown = "";
  const again = async () => {
    try {
      const answer = await fetch(place.dataset.until, { headers: { Accept: "text/html" } });
      if (answer.status === 204) return location.reload();
      const said = answer.ok ? await answer.text() : shown;
      if (said !== shown) place.innerHTML = said;
      shown = said;
    } catch { /* the server didn't respond; try again */ }
    setTimeout(again, 1000);
  };
  setTimeout(again, 1000);
}
