// The documentation: searches the index in the browser, and adds copy buttons. A classic script, so that it also runs from files.
(() => {
  const LENGTH = 160;
  const base = new URL(document.querySelector("form[action$='search.html']").getAttribute("action"), location.href);

  const matches = (text, words) => words.every((word) => text.includes(word));
  const score = ([, title, heading, text], words) => {
    const head = `${title} ${heading}`.toLowerCase();
    const body = text.toLowerCase();
    if (!matches(`${head} ${body}`, words)) return 0;
    return words.reduce((sum, word) => sum + (heading.toLowerCase().includes(word) ? 8 : 0) + (title.toLowerCase().includes(word) ? 4 : 0)
      + Math.min(3, body.split(word).length - 1), 1);
  };

  const find = (query) => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const rated = globalThis.sickbayDocs.map((entry) => [score(entry, words), entry]).filter(([points]) => points);
    return rated.sort((a, b) => b[0] - a[0]).map(([, entry]) => ({ entry, words }));
  };

  const excerpt = (text, word) => {
    const paragraph = document.createElement("p");
    const at = text.toLowerCase().indexOf(word);
    if (at < 0) {
      paragraph.textContent = text.slice(0, LENGTH);
      return paragraph;
    }
    const mark = document.createElement("mark");
    mark.textContent = text.slice(at, at + word.length);
    const start = Math.max(0, at - LENGTH / 2);
    paragraph.append(start ? "…" : "", text.slice(start, at), mark, text.slice(at + word.length, at + LENGTH));
    return paragraph;
  };

  const result = ({ entry: [address, title, heading, text], words }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = new URL(address, base).href;
    link.textContent = heading;
    const from = document.createElement("span");
    from.className = "from";
    from.textContent = heading === title ? "" : ` ${title}`;
    item.append(link, from, excerpt(text, words[0]));
    return item;
  };

  const show = (query) => {
    const found = find(query);
    const places = found.length === 1 ? "1 place" : `${found.length} places`;
    document.querySelector("[data-docs-count]").textContent = query.trim() ? `${places} for “${query.trim()}”` : "";
    document.querySelector("[data-docs-results]").replaceChildren(...found.slice(0, 50).map(result));
  };

  // The server has already searched, unless the page is a file. The index is only loaded to search while someone types.
  const search = () => {
    const field = document.querySelector(".docs-side input[name=q]");
    const load = () => {
      const script = document.createElement("script");
      script.src = new URL("search-index.js", base).href;
      script.addEventListener("load", () => {
        show(field.value);
        field.addEventListener("input", () => show(field.value));
      });
      document.head.append(script);
    };
    if (field.value) return field.addEventListener("input", load, { once: true });
    field.value = new URLSearchParams(location.search).get("q") || "";
    load();
  };

  const copying = (block) => {
    const button = document.createElement("button");
    button.className = "docs-copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = "Copied";
    });
    block.append(button);
  };

  if (document.querySelector("[data-docs-results]")) search();
  if (navigator.clipboard) document.querySelectorAll(".docs-text pre").forEach(copying);
  if (matchMedia("(max-width: 44rem)").matches) document.querySelector(".docs-menu").open = false;
})();
