// Keyboard shortcuts: / focuses the search, c copies the corrected request, j and k move between findings, ? lists them.
import { toast } from "./copy.js";

const OFF = "sickbay-keys-off";
const stored = () => { try { return localStorage.getItem(OFF); } catch { return null; } };
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

function walk(step) {
  const all = [...document.querySelectorAll("[data-finding], [data-row]")];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest" });
}

function help() {
  const off = stored();
  try { off ? localStorage.removeItem(OFF) : document.activeElement.blur(); } catch { /* no storage here */ }
  toast("/ search · c copy the corrected request · j and k next and previous problem or exchange · Shift+X turn shortcuts off");
}

export function keys(document) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "?") return help();
    if (stored()) return;
    const act = {
      "/": () => document.querySelector("[data-search]")?.focus(),
      c: () => document.querySelector("[data-key=c]")?.click(),
      j: () => walk(1),
      k: () => walk(-1),
      X: () => { try { localStorage.setItem(OFF, "1"); } catch { /* no storage here */ } toast("Keyboard shortcuts are off. Press ? to turn them on."); },
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
