// data-exchanges is the address of the table: fetched again when exchanges were recorded, at most once a second.
// One tab of a browser has the stream of the server and tells the others, whatever their filters are.
const NAME = "sickbay-exchanges";
const REFRESH = 1000, POLL = 5000;
// A busy server is asked less often: after so many new rows, and so that it works at most a twentieth of the time for a page.
const MANY_ROWS = 50, BUSY_REFRESH = 2500, SHARE = 20;

function follow(tell, failed) {
  const source = new EventSource("/exchanges?limit=0");
  source.addEventListener("more", (event) => tell(JSON.parse(event.data)));
  for (const name of ["missed", "end"]) source.addEventListener(name, () => tell({ count: 1, not_recorded: 0 }));
  source.onopen = () => tell({ connected: true });
  source.onerror = () => {
    tell({ connected: false });
    if (source.readyState === EventSource.CLOSED) failed();
  };
}

// Calls hear for each message of the stream, in every tab.
function share(hear) {
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = (event) => hear(event.data);
  const tell = (message) => { hear(message); channel.postMessage(message); };
  const lead = () => new Promise((resolve) => follow(tell, () => setTimeout(resolve, POLL)));
  const again = () => navigator.locks.request(NAME, lead).then(again);
  if (navigator.locks) return again();
  const alone = () => follow(hear, () => setTimeout(alone, POLL)); // over http, to a name that isn't loopback
  alone();
}

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
  let paused = false, due = false, timer = 0, waiting = 0, arrived = 0, hidden = 0, unrecorded = 0, connected = true;

  const say = () => {
    const lost = unrecorded ? ` ${count(unrecorded, "exchange")} of all apps weren’t recorded, because there were too many.` : "";
    const text = !connected ? "No connection to Sickbay. Trying again…"
      : paused ? `Paused. ${count(waiting, "exchange")} of all apps since then.`
      : hidden ? `New exchanges appear here. ${count(hidden, "more exchange")} came since the last refresh.`
      : "New exchanges appear here.";
    if (status.textContent !== text + lost) status.textContent = text + lost;
  };

  const refresh = async () => {
    timer = 0;
    if (!due || paused || document.hidden) return;
    due = false;
    const started = Date.now(), came = arrived;
    let added = 0;
    arrived = 0;
    try {
      const answer = await fetch(place.dataset.exchanges, { headers: { Accept: "text/html" } });
      if (answer.ok && !paused) added = replaceRows(rows, await answer.text());
      hidden = filtered ? 0 : Math.max(0, came - added);
      say();
    } catch { due = true; }
    timer = setTimeout(refresh, Math.max(added < MANY_ROWS ? REFRESH : BUSY_REFRESH, SHARE * (Date.now() - started)));
  };
  const soon = () => { due = true; timer ||= setTimeout(refresh, 0); };

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
  document.addEventListener("visibilitychange", () => { if (!document.hidden && due) soon(); });
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
