// Consent: the button counts the ticked boxes. Picker: typing filters the list, and the button names the chosen patient.
export function consent(document) {
  const form = document.querySelector("[data-consent]");
  if (!form) return;
  const boxes = [...form.querySelectorAll(".ask input[type=checkbox]")];
  const all = form.querySelector("[data-all]");
  const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    form.querySelector("[data-allow]").textContent = `Allow ${ticked} of ${boxes.length}`;
    if (all) all.textContent = ticked ? "Clear all" : "Select all";
  };
  // The limits of a row: choosing one ticks the row, and unticking the row clears them.
  const limits = (box) => {
    const row = box.closest("label").nextElementSibling;
    return row?.matches("[data-narrow]") ? [...row.querySelectorAll("input")] : [];
  };
  const untick = (box) => { if (!box.checked) for (const limit of limits(box)) limit.checked = false; };
  form.addEventListener("change", (event) => {
    if (event.target.closest("[data-narrow]") && event.target.checked) {
      const box = boxes.find((candidate) => limits(candidate).includes(event.target));
      if (box && !box.disabled) box.checked = true;
    }
    if (boxes.includes(event.target)) untick(event.target);
    count();
  });
  form.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.type === "checkbox") event.preventDefault(); });
  all?.addEventListener("click", () => {
    const ticked = boxes.some((box) => box.checked && !box.disabled);
    for (const box of boxes) if (!box.disabled) { box.checked = !ticked; untick(box); }
    count();
  });
  count();
}

export function picker(document) {
  const button = document.querySelector("[data-open]");
  const list = document.getElementById("candidates");
  if (!button || !list) return;
  const field = document.querySelector("[data-filter=candidates]");
  const name = () => {
    const chosen = list.querySelector("label:not([hidden]) input:checked");
    button.textContent = chosen ? `Open ${chosen.dataset.name}` : "Open this record";
    button.disabled = !chosen;
  };
  const first = () => list.querySelector("label:not([hidden]) input");
  const narrow = () => {
    const words = field.value.toLowerCase().split(/[\s,]+/).filter(Boolean);
    for (const item of list.querySelectorAll("[data-item]")) {
      item.hidden = !words.every((word) => item.dataset.item.split(/[\s,]+/).some((part) => part.startsWith(word)));
    }
    if (!list.querySelector("label:not([hidden]) input:checked") && first()) first().checked = true;
    const shown = list.querySelectorAll("label:not([hidden])").length;
    document.querySelector("[data-count]").textContent = shown;
    document.querySelector("[data-none]").hidden = shown > 0;
    name();
  };
  field.addEventListener("input", narrow);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && first()) { event.preventDefault(); list.querySelector("label:not([hidden]) input:checked").focus(); }
    if (event.key === "Enter" && "whole" in list.dataset && !button.disabled && list.querySelectorAll("label:not([hidden])").length === 1) {
      event.preventDefault();
      button.click();
    }
  });
  list.addEventListener("change", name);
  list.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); button.click(); } });
  if (field.value !== field.defaultValue) narrow(); // text that was typed before this script ran
  else name();
}
