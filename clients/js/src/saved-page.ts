// Saves the page of an exchange as a file that can be opened after Sickbay has stopped, with the pages of its rules.
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AdminClient } from "./admin-client.js";

const PAGES_KEPT = 200; // above this number, the oldest pages of exchanges in a folder are deleted
const SHEET = /<link rel="stylesheet" href="(\/[^"]+)">/g;
// What only works while Sickbay runs. Forms also contain a secret of the session.
const LEFT_OUT = /<script\b.*?<\/script>|<link rel="icon"[^>]*>|<header class="bar">.*?<\/header>|<footer\b.*?<\/footer>|<form\b.*?<\/form>/gs;
const LINK = / href="(\/[^"]*)"/g;
const RULE = /^\/rules\/([\w-]+)$/;
// Links that became plain text look like text, and those that look like buttons disappear.
const STYLES =
  "<style>a:not([href]) { color: inherit; text-decoration: none } " +
  "a.button:not([href]), nav.crumb { display: none }</style>";

/** Writes ID.html and the pages of the rules that it refers to. Returns the file: address. */
export async function savePage(admin: AdminClient, exchange: string, folder: string): Promise<string> {
  const html = await admin.text(`/exchanges/${exchange}`, "text/html");
  const file = resolve(folder, `${exchange}.html`);
  mkdirSync(join(folder, "rules"), { recursive: true });
  writeFileSync(file, await selfContained(html, admin, ruleFile));
  for (const [, path = ""] of html.matchAll(LINK)) await saveRule(admin, RULE.exec(path)?.[1], folder);
  deleteOldest(folder);
  return pathToFileURL(file).href;
}

async function saveRule(admin: AdminClient, rule: string | undefined, folder: string): Promise<void> {
  const file = rule && join(folder, "rules", `${rule}.html`);
  if (!file || existsSync(file)) return;
  writeFileSync(file, await selfContained(await admin.text(`/rules/${rule}`, "text/html"), admin, () => undefined));
}

/**
 * The page with its style sheets inside, and without what needs the server.
 * place: the saved file for a path of the server; undefined if there is none, and then the link becomes plain text.
 */
export async function selfContained(
  html: string,
  admin: AdminClient,
  place: (path: string) => string | undefined,
): Promise<string> {
  const paths = [...html.matchAll(SHEET)].map(([, path = ""]) => path);
  const sheets = new Map(await Promise.all(paths.map(async (path) => [path, await admin.text(path, "text/css")] as const)));
  return html
    .replace(SHEET, (_, path: string) => `<style>${sheets.get(path)}</style>`)
    .replace("</head>", () => `${STYLES}</head>`)
    .replace(LEFT_OUT, "")
    .replace(LINK, (_, path: string) => (place(path) ? ` href="${place(path)}"` : ""));
}

function ruleFile(path: string): string | undefined {
  const rule = RULE.exec(path)?.[1];
  return rule && `rules/${rule}.html`;
}

/** Other processes, such as workers of a test runner, may delete the same files. */
function deleteOldest(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".html"))
    .map((name) => join(folder, name))
    .flatMap((path) => (existsSync(path) ? [{ path, time: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }] : []));
  files.sort((a, b) => b.time - a.time);
  for (const { path } of files.slice(PAGES_KEPT)) rmSync(path, { force: true });
}
