// The Vite plugin of the example's own configuration, in a dev server. SICKBAY_URL is set.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "@sickbay/testing";
import { createLogger, createServer } from "vite";

/** Starts the dev server, and returns its log once the plugin wrote to it. */
async function dev() {
  const customLogger = createLogger("silent");
  const server = await createServer({ customLogger, server: { port: 0 } });
  const log = new Promise((resolve) => {
    customLogger.info = (text) => text.includes("Sickbay") && resolve(text);
    customLogger.error = (text) => resolve(text);
  });
  await server.listen();
  return { server, log: await log };
}

async function opened(link) {
  const response = await fetch(link, { redirect: "manual" });
  assert.equal(response.status, 302, await response.text());
  return new URL(response.headers.get("location"));
}

test("the dev server prints a link that launches the app", async () => {
  const { server, log } = await dev();
  const [link, base] = log.match(/http:\/\/localhost:\S+/g);
  const { port } = server.httpServer.address();
  assert.equal(link, `http://localhost:${port}/sickbay/launch`);
  const first = await opened(link);
  const second = await opened(`${link}?patient=p-0002`);
  assert.equal(first.origin + first.pathname, `http://localhost:${port}/launch.html`);
  assert.equal(first.searchParams.get("iss"), `${base}/general/r4`);
  assert.notEqual(first.searchParams.get("launch"), second.searchParams.get("launch"));

  const restarted = await dev(); // the app is registered already, with the address of the other dev server
  const app = await (await connect(base)).admin.get("/admin/apps/patient-summary");
  assert.deepEqual(app.redirect_uris, [`http://localhost:${restarted.server.httpServer.address().port}/`]);
  assert.deepEqual(app.auto_approve.user, "okafor");
  await restarted.server.close();
  await server.close();
});

test("without Sickbay the dev server runs and says what is missing", async () => {
  delete process.env.SICKBAY_URL;
  process.env.SICKBAY_COMMAND = "/nowhere/sickbay";
  const { server, log } = await dev();
  assert.match(log, /^Sickbay: Sickbay isn't installed: tried `\/nowhere\/sickbay`/);
  const address = `http://localhost:${server.httpServer.address().port}`;
  assert.equal((await fetch(`${address}/sickbay/launch`)).status, 502);
  assert.equal((await fetch(`${address}/index.html`, { headers: { Accept: "text/html" } })).status, 200);
  await server.close();
});
