// The documentation: searches the index in the browser, and adds copy buttons. A classic script, so that it also runs from files.
(() => {
  const LENGTH = 160;
  const base = new URL(document.querySelector("form[action$='search.html']").getAttribute("action"), location.href);

  // The same words, stems and scores as kernel/word_index.py.
  const STOP = new Set("a an and are as at be but by can do does for from has have how i if in is it its my no not of on or so that the then there this to was we what when which why will with you your".split(" "));
  const WORD = /[\p{L}\p{N}]+/gu;
  const [SATURATION, LENGTH_SHARE, QUERY_WORDS] = [1.2, 0.75, 200];
  const HEADING_WEIGHT = 4;
  const TITLE_WEIGHT = 2;

  const stem = (word) => {
    const cut = word.replace(/(?:ies|y|es|s|ing|ed|d|e)$/, "");
    return cut.length >= 3 ? cut : word;
  };
  const stems = (text) => (text.toLowerCase().match(WORD) || []).filter((word) => !STOP.has(word)).map(stem);

  const build = (entries) => {
    const postings = new Map();
    const lengths = entries.map(([, title, heading, text], number) => {
      const counts = new Map();
      for (const [words, weight] of [[heading, HEADING_WEIGHT], [title, TITLE_WEIGHT], [text, 1]]) {
        for (const word of stems(words)) counts.set(word, (counts.get(word) || 0) + weight);
      }
      for (const [word, times] of counts) postings.set(word, [...(postings.get(word) || []), [number, times]]);
      return [...counts.values()].reduce((sum, times) => sum + times, 0);
    });
    return { postings, lengths, average: lengths.reduce((sum, length) => sum + length, 0) / lengths.length };
  };

  const scored = ({ postings, lengths, average }, wanted, everyWord) => {
    const known = wanted.filter((word) => postings.has(word));
    if (everyWord && known.length < wanted.length) return [];
    const scores = new Map();
    const words = new Map();
    for (const word of known) {
      const places = postings.get(word);
      const rarity = Math.log(1 + lengths.length / (places.length + 0.5));
      for (const [number, times] of places) {
        const norm = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * lengths[number] / average);
        scores.set(number, (scores.get(number) || 0) + rarity * times * (SATURATION + 1) / (times + norm));
        words.set(number, (words.get(number) || 0) + 1);
      }
    }
    const found = [...scores].filter(([number]) => !everyWord || words.get(number) === known.length);
    return found.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  };

  let index;
  const find = (query) => {
    index ||= build(globalThis.sickbayDocs);
    const wanted = [...new Set(stems(query.slice(0, 200)))].slice(0, QUERY_WORDS);
    const all = scored(index, wanted, true);
    return (all.length ? all : scored(index, wanted, false)).map(([number]) => ({ entry: globalThis.sickbayDocs[number], wanted }));
  };

  const excerpt = (text, wanted) => {
    const paragraph = document.createElement("p");
    const match = [...text.matchAll(WORD)].find(([word]) => wanted.includes(stem(word.toLowerCase())));
    if (!match) {
      paragraph.textContent = text.slice(0, LENGTH);
      return paragraph;
    }
    const mark = document.createElement("mark");
    mark.textContent = match[0];
    const at = match.index;
    const start = Math.max(0, at - LENGTH / 2);
    paragraph.append(start ? "…" : "", text.slice(start, at), mark, text.slice(at + match[0].length, at + LENGTH));
    return paragraph;
  };

  const result = ({ entry: [address, title, heading, text], wanted }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = new URL(address, base).href;
    link.textContent = heading;
    const from = document.createElement("span");
    from.className = "from";
    from.textContent = heading === title ? "" : ` ${title}`;
    item.append(link, from, excerpt(text, wanted));
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
    const frame = document.createElement("div");
    frame.className = "docs-code";
    block.replaceWith(frame);
    frame.append(block, button); // outside of the block, so that it doesn't scroll with the code
    block.tabIndex = 0; // wide code is scrolled with the keyboard
  };

  if (document.querySelector("[data-docs-results]")) search();
  if (navigator.clipboard) document.querySelectorAll(".docs-text pre").forEach(copying);
  if (matchMedia("(max-width: 44rem)").matches) document.querySelector(".docs-menu").open = false;
})();
