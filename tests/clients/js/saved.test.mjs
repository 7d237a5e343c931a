// Requests are checked, and the page of a refusal outlasts Sickbay.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startForTests } from "./node_modules/@sickbay/testing/dist/test-server.js";

test("the link of an explanation is a file that needs no server", async () => {
  const pages = join(mkdtempSync(join(tmpdir(), "pages-")), "with a blank");
  const { sickbay } = await startForTests({ pages });
  await sickbay.reset();
  await fetch(`${sickbay.line.tenants.general.authorize}?client_id=a`);
  const [refused] = await sickbay.refusals();
  const error = await sickbay.assertNoRefusals().catch((error) => error);
  const file = fileURLToPath(/^Page: +(file:\/\/\S+)$/m.exec(error.message)[1]);
  assert.equal(file, join(pages, `${refused.id}.html`));
  for (const page of [file, ...readdirSync(join(pages, "rules")).map((name) => join(pages, "rules", name))]) {
    const html = readFileSync(page, "utf8");
    assert.match(html, /^<!doctype html>/);
    assert.doesNotMatch(html, /(src|href|action)="\/[^"]*"|<script|<form|<link/);
  }
  for (const { id } of refused.findings) assert.ok(existsSync(join(pages, "rules", `${id}.html`)));
  const [exchange] = await sickbay.assertSent("authorize", { client_id: "a", state: false }, { times: 1 });
  assert.equal(exchange.id, refused.id);
  await assert.rejects(sickbay.assertSent("token"), /Expected at least 1 request `token`, but the app sent 0\.\n\nIt sent:\n  authorize 400: client_id=a$/);
});

test("a folder that can't be written leaves the link to the server", async () => {
  const { sickbay } = await startForTests({ pages: "/dev/null/pages" });
  await sickbay.reset();
  await fetch(`${sickbay.line.tenants.general.authorize}?client_id=a`);
  const [{ id }] = await sickbay.refusals();
  assert.ok((await sickbay.explanation(id)).includes(`Page:           ${sickbay.base}/exchanges/${id}`));
});
