// Tabs after the ARIA pattern: arrow keys switch tabs, and the copy button copies the visible panel.
function choose(group, chosen) {
  for (const tab of group.querySelectorAll("[role=tab]")) {
    const on = tab === chosen;
    tab.setAttribute("aria-selected", on);
    tab.tabIndex = on ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !on;
  }
  const shown = document.getElementById(chosen.getAttribute("aria-controls"));
  const copy = group.querySelector(".copying [data-copy]");
  if (copy) copy.dataset.copy = shown.querySelector("pre").id;
}

export function tabs(document) {
  for (const group of document.querySelectorAll("[data-tabs]")) {
    const all = [...group.querySelectorAll("[role=tab]")];
    for (const panel of group.querySelectorAll(".panel")) panel.setAttribute("role", "tabpanel");
    choose(group, all[0]);
    group.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) choose(group, tab);
    });
    group.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const at = all.indexOf(document.activeElement);
      if (!step || at < 0) return;
      const next = all[(at + step + all.length) % all.length];
      choose(group, next);
      next.focus();
    });
  }
}
