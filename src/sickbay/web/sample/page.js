// Builds the page from text, never from markup, so that no external data is interpreted as HTML.
export function element(name, content = [], attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...[content].flat());
  return made;
}

export function show(title, ...content) {
  document.title = `${title} · Sample app`;
  document.getElementById("main").replaceChildren(element("h1", title), ...content);
}

export function section(title, ...content) {
  return element("section", [element("h2", title), ...content]);
}

export const muted = (text) => element("p", text, { class: "muted" });

export function table(heads, rows) {
  const head = element("thead", element("tr", heads.map((text) => element("th", text, { scope: "col" }))));
  const body = rows.map((row) => element("tr", row.map((text, at) => (at ? element("td", text) : element("th", text, { scope: "row" })))));
  return element("table", [head, element("tbody", body)]);
}

export function facts(pairs) {
  return element("dl", pairs.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
}

export const json = (value) => element("pre", JSON.stringify(value, null, 2), { tabindex: "0" });

// Shorten tokens: enough to tell them apart, too little to use them.
export function shortened(response) {
  const secret = ["access_token", "refresh_token", "id_token"];
  const pairs = Object.entries(response).map(([key, value]) => [key, secret.includes(key) ? `${String(value).slice(0, 8)}… (${String(value).length} characters)` : value]);
  return Object.fromEntries(pairs);
}

export function trouble(fault) {
  const link = fault.link && /^https?:/.test(fault.link) ? [element("p", element("a", "See what to send instead", { href: fault.link, target: "_blank", rel: "noopener" }))] : [];
  const said = fault.code ? [element("p", element("code", fault.code))] : [];
  show(fault.title || "The hospital refused the request", element("div", [element("p", fault.message), ...said, ...link], { class: "trouble" }),
    section("Try again", element("p", element("a", "Start a standalone launch", { href: "launch.html" }))));
}
