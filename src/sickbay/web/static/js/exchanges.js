// data-exchanges is the address of the table: fetched again when exchanges were recorded, at most once a second.
import { read, refresher, share } from "./news.js";

// After so many new rows, a page waits longer until it asks again.
const MANY_ROWS = 50, BUSY_REFRESH = 2500;

// The new rows, with those of the page that are the same, so that a focused or selected one stays as it is.
function replaceRows(place, html) {
  const before = new Map([...place.querySelectorAll("[data-key]")].map((row) => [row.dataset.key, row]));
  const focused = document.activeElement?.closest("[data-key]")?.dataset.key;
  const part = document.createElement("template");
  part.innerHTML = html;
  let added = 0;
  for (const row of part.content.querySelectorAll("[data-key]")) {
    const old = before.get(row.dataset.key);
    if (!old && row.querySelector("[data-row]")) {
      added += 1;
      if (before.size) row.classList.add("arrived");
    }
    old?.classList.remove("arrived");
    if (old?.isEqualNode(row)) row.replaceWith(old);
  }
  place.replaceChildren(part.content);
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
  return added;
}

const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

export function exchanges(document) {
  const place = document.querySelector("[data-exchanges]");
  if (!place) return;
  const rows = place.querySelector("[data-live-rows]"), pause = place.querySelector("[data-live-pause]");
  const status = place.querySelector("[data-live-status]"), filtered = place.dataset.exchanges.includes("q=");
  let paused = false, waiting = 0, arrived = 0, hidden = 0, unrecorded = 0, connected;

  const say = () => {
    const lost = unrecorded ? ` ${count(unrecorded, "exchange")} of all apps weren’t recorded, because there were too many.` : "";
    const text = connected === undefined ? "Connecting to Sickbay…"
      : !connected ? "No connection to Sickbay. Trying again…"
      : paused ? `Paused. ${count(waiting, "exchange")} of all apps since then.`
      : hidden ? `New exchanges appear here. ${count(hidden, "more exchange")} came since the last refresh.`
      : "New exchanges appear here.";
    if (status.textContent !== text + lost) status.textContent = text + lost;
  };

  const load = async () => {
    if (paused) return undefined;
    const came = arrived, html = await read(place.dataset.exchanges);
    const added = paused || html === undefined ? 0 : replaceRows(rows, html);
    arrived -= came;
    hidden = filtered ? 0 : Math.max(0, came - added);
    say();
    return added < MANY_ROWS ? undefined : BUSY_REFRESH;
  };
  const soon = refresher(document, load);

  share((message) => {
    if ("connected" in message) {
      connected = message.connected;
      if (connected) soon();
    } else {
      unrecorded += message.not_recorded || 0;
      arrived += message.count;
      if (paused) waiting += message.count;
      soon();
    }
    say();
  });
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Resume" : "Pause";
    pause.setAttribute("aria-pressed", String(paused));
    if (!paused) { waiting = 0; soon(); }
    say();
  });
  say();
}
