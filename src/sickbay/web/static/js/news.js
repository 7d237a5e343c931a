// New exchanges for pages that follow them. One tab of a browser has the stream of the server and tells the others, whatever
// they show; each then fetches its own part of a page again.
const NAME = "sickbay-exchanges";
const REFRESH = 1000, POLL = 5000;
// A busy server is asked less often, so that it works at most a twentieth of the time for a page.
const SHARE = 20, MAXIMUM_WAIT = 15000;

// The stream begins with "ready": only from then on does the server report every exchange, so what a page read before may lack some.
function follow(tell, failed) {
  const source = new EventSource("/exchanges?limit=0");
  source.addEventListener("ready", () => tell({ connected: true }));
  source.addEventListener("more", (event) => tell(JSON.parse(event.data)));
  for (const name of ["missed", "end"]) source.addEventListener(name, () => tell({ count: 1, not_recorded: 0 }));
  source.onerror = () => {
    tell({ connected: false });
    if (source.readyState === EventSource.CLOSED) failed();
  };
}

// Calls hear for each message of the stream, in every tab. A new tab asks whether the stream is ready.
export function share(hear) {
  const channel = new BroadcastChannel(NAME);
  let ready = false;
  channel.onmessage = (event) => {
    if (!event.data.asks) hear(event.data);
    else if (ready) channel.postMessage({ connected: true });
  };
  channel.postMessage({ asks: true });
  const tell = (message) => {
    ready = message.connected ?? ready;
    hear(message);
    channel.postMessage(message);
  };
  const lead = () => new Promise((resolve) => follow(tell, () => setTimeout(resolve, POLL)));
  const again = () => navigator.locks.request(NAME, lead).then(again);
  if (navigator.locks) return again();
  const alone = () => follow(hear, () => setTimeout(alone, POLL)); // over http, to a name that isn't loopback
  alone();
}

// A part of a page; undefined if it is refused, so that what is shown stays. Fails if the server has no time for it or doesn't
// respond, so that refresher tries again.
export async function read(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (answer.status === 429 || answer.status >= 500) throw new Error(`HTTP ${answer.status}`);
  return answer.ok ? answer.text() : undefined;
}

// Returns a function that makes load run soon, at most once a second and only while the page is visible. load may return how
// long to wait after it, and is tried again if it fails.
export function refresher(document, load) {
  let due = false, timer = 0;
  const run = async () => {
    timer = 0;
    if (!due || document.hidden) return;
    due = false;
    const started = Date.now();
    let wait = REFRESH;
    try { wait = await load() ?? REFRESH; } catch { due = true; }
    timer = setTimeout(run, Math.max(wait, Math.min(MAXIMUM_WAIT, SHARE * (Date.now() - started))));
  };
  const soon = () => { due = true; timer ||= setTimeout(run, 0); };
  document.addEventListener("visibilitychange", () => { if (!document.hidden && due) soon(); });
  return soon;
}
