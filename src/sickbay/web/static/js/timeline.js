// data-timeline is the address of the content of this element: fetched again when exchanges were recorded, and when a step has
// been awaited for too long (data-due). New arrows are drawn once.
import { read, refresher, share } from "./news.js";

const keys = (place) => new Set([...place.querySelectorAll("[data-key]")].map((step) => step.dataset.key));
const without = (html) => html.replace(/name="csrf" value="[^"]*"/g, "");

function replace(place, html) {
  const before = keys(place), focused = document.activeElement, href = place.contains(focused) && focused.getAttribute("href");
  place.innerHTML = html;
  for (const step of place.querySelectorAll("[data-key]")) if (!before.has(step.dataset.key)) step.classList.add("arrived");
  if (href) place.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
}

export function timeline(document) {
  const place = document.querySelector("[data-timeline]");
  if (!place) return;
  const status = document.querySelector("[data-live-status]");
  let shown = "", timer = 0;

  const wait = () => {
    clearTimeout(timer);
    const due = Number(place.querySelector("[data-due]").dataset.due);
    if (due) timer = setTimeout(() => soon(), due);
  };
  const load = async () => {
    const html = await read(place.dataset.timeline) ?? shown;
    if (without(html) === without(shown)) return;
    const title = place.querySelector("h1").textContent;
    replace(place, html);
    shown = html;
    document.title = document.title.replace(/^.*(?= · )/, () => place.querySelector("[data-title]").dataset.title);
    const now = place.querySelector("h1").textContent;
    if (now !== title) status.textContent = `Live. ${now}`;
    wait();
  };
  const soon = refresher(document, load);

  share((message) => {
    if ("connected" in message) status.textContent = message.connected ? "Live" : "No connection to Sickbay. Trying again…";
    if (message.connected !== false) soon();
  });
  wait();
}
