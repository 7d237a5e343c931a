// Changes the theme immediately; the response to the form sets the cookie.
export function theme(document) {
  const form = document.querySelector("[data-theme-form]");
  if (!form) return;
  const button = form.querySelector("button");
  const root = document.documentElement;
  const dark = () => root.dataset.theme === "dark" || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const offer = () => {
    button.value = dark() ? "light" : "dark";
    button.setAttribute("aria-label", `Use the ${button.value} theme`);
    button.querySelector("use").setAttribute("href", dark() ? "#i-sun" : "#i-moon");
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const sent = new URLSearchParams(new FormData(form));
    sent.set("theme", button.value);
    root.dataset.theme = button.value;
    offer();
    fetch(form.action, { method: "POST", body: sent, redirect: "manual" }).catch(() => {});
  });
  offer();
}
