// Runs docs.js as a page would: prints, for each query, the addresses of the results in their order.
// Arguments: docs.js, search-index.js. Standard input: the queries as JSON.
const { readFileSync } = require("node:fs");
const vm = require("node:vm");

const [script, index] = process.argv.slice(2, 4).map((path) => readFileSync(path, "utf-8"));

const find = (query) => {
  const element = () => ({ append() {}, replaceChildren() {}, addEventListener() {}, getAttribute: () => "search.html" });
  const results = { ...element(), replaceChildren: (...items) => { results.items = items; } };
  const field = { ...element(), value: "" };
  const elements = { "[data-docs-results]": results, ".docs-side input[name=q]": field };
  const document = {
    querySelector: (selector) => elements[selector] || element(),
    querySelectorAll: () => [],
    createElement: () => {
      const made = { ...element(), children: [], append: (...children) => made.children.push(...children) };
      made.addEventListener = (_, loaded) => { made.loaded = loaded; };
      return made;
    },
    head: { append: (loading) => { vm.runInContext(index, context); loading.loaded(); } },
  };
  const location = { href: "http://docs.example/", search: `?q=${encodeURIComponent(query)}` };
  const context = vm.createContext({ document, location, URL, URLSearchParams, navigator: {}, matchMedia: () => ({ matches: false }) });
  vm.runInContext(script, context);
  return results.items.map((item) => item.children[0].href.replace("http://docs.example/", ""));
};

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(find)));
