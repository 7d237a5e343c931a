// Starting and finding Sickbay.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { connect, startSickbay } from "@sickbay/testing";
import { startForTests } from "./node_modules/@sickbay/testing/dist/test-server.js";
import { words } from "./node_modules/@sickbay/testing/dist/server.js";

const FEW = { args: ["--patients", "2"] };
const URL_OF_ANOTHER = process.env.SICKBAY_URL;
delete process.env.SICKBAY_URL; // these tests start their own

/** Sickbay's answers to the first requests, with other facts about itself. */
async function pretended(line, body) {
  const server = createServer((_, response) => response.end(JSON.stringify(line)));
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const url = `http://localhost:${server.address().port}`;
  await body(url).finally(() => server.close());
}

/** Whether nothing listens at the address. fetch isn't used: its promise can stay pending when the server ends. */
function refuses(url) {
  const socket = createConnection({ host: new URL(url).hostname, port: new URL(url).port });
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(false));
    socket.once("error", () => resolve(true));
  }).finally(() => socket.destroy());
}

async function stopsAnswering(url) {
  for (let tries = 0; tries < 6_000; tries += 1) {
    if (await refuses(url)) return true;
    await setTimeout(10);
  }
  return false;
}

test("a Sickbay that runs is found by its address, and isn't stopped", async () => {
  const { sickbay, stop } = await startSickbay(FEW);
  assert.notEqual(sickbay.base, URL_OF_ANOTHER);
  const found = await startSickbay({ url: `${sickbay.base}/` });
  assert.deepEqual(found.sickbay.line, sickbay.line);
  await found.stop();
  assert.equal((await connect(sickbay.base)).base, sickbay.base);
  await stop();
  await assert.rejects(connect(sickbay.base), new RegExp(`^SickbayError: No Sickbay at ${sickbay.base}: .`));
});

const KILLED = "setInterval(() => {}, 1e6); process.kill(process.pid);"; // the interval keeps it running until the signal
for (const [how, end, expected] of [["ends", "", [0, null]], ["is killed", KILLED, [null, "SIGTERM"]]]) {
  test(`a Sickbay ends when the process that started it ${how}`, async () => {
    const program = `import { startSickbay } from "@sickbay/testing";
      const { sickbay } = await startSickbay({ args: ["--patients", "2"] });
      process.stdout.write(sickbay.base, () => { ${end} });`;
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
    assert.deepEqual([ended.status, ended.signal], expected, ended.stderr);
    assert.ok(await stopsAnswering(ended.stdout));
  });
}

test("tests don't delete the data of a Sickbay that stores it, unless they may", async () => {
  await pretended({ base: "", ephemeral: false, tenants: { general: { fhir: { r4: "http://localhost:1" } } } }, async (url) => {
    await assert.rejects(startForTests({ url }), new RegExp(`${url} stores its data, and each test would delete it\\.`));
    await assert.rejects(startForTests({ url, reset: true }), { code: "ECONNREFUSED" }); // it went on to the FHIR server
  });
});

test("Sickbay gets its options and variables, but not the proxy settings of the tests", async () => {
  process.env.HTTP_PROXY = process.env.http_proxy = "http://localhost:1";
  const print = "console.log(JSON.stringify({ base: process.argv.slice(1), admin: [process.env.HTTP_PROXY, process.env.MORE] }))";
  const command = [process.execPath, "-e", print];
  const { sickbay } = await startSickbay({ command, env: { MORE: "1" }, args: ["--patients", "2"] });
  delete process.env.HTTP_PROXY, delete process.env.http_proxy;
  assert.deepEqual(sickbay.line.admin, [null, "1"]);
  assert.deepEqual(sickbay.base, ["serve", "--json", "--ephemeral", "--port", "0", "--patients", "2"]);
  const fixed = await startSickbay({ command, args: ["--port", "7000"] });
  assert.deepEqual(fixed.sickbay.base, ["serve", "--json", "--ephemeral", "--port", "7000"]);
});

test("the admin token is sent to a Sickbay on another machine", async () => {
  const received = [];
  const server = createServer(({ headers }, response) => {
    received.push(headers.authorization);
    response.end("{}");
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const url = `http://localhost:${server.address().port}`;
  await (await connect(url, "from-the-option")).explanation("1");
  process.env.SICKBAY_ADMIN_TOKEN = "from-the-environment";
  await (await startSickbay({ url })).sickbay.clock.advance(1);
  delete process.env.SICKBAY_ADMIN_TOKEN;
  server.close();
  const tokens = ["from-the-option", "from-the-option", "from-the-environment", "from-the-environment"];
  assert.deepEqual(received, tokens.map((token) => `Bearer ${token}`));
});

test("a server that isn't Sickbay is not found", async () => {
  const server = createServer((_, response) => response.writeHead(404).end("no"));
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const url = `http://localhost:${server.address().port}`;
  await assert.rejects(connect(url), { message: `No Sickbay at ${url}: ${url}/admin answered with status 404` });
  server.close();
});

test("a command that fails is reported with its output", async () => {
  const args = ["--patients", "many"];
  await assert.rejects(startSickbay({ args }), /serve` ended with \d\. Its last lines:\n[^]*many/);
});

test("without Sickbay the message says how to install or find it", async () => {
  const missing = join(mkdtempSync(join(tmpdir(), "empty-")), "sickbay");
  await assert.rejects(startSickbay({ command: missing }), (error) => {
    assert.ok(error.message.startsWith(`Sickbay isn't installed: tried \`${missing}\`. Install it as`), error.message);
    return true;
  });
  const without = [process.execPath, "-e", "console.error(\"No module named sickbay\"); process.exit(1)", "--"];
  await assert.rejects(startSickbay({ command: without }), /Sickbay isn't installed/);
});

test("settings of Sickbay that the tests inherit don't reach it", async () => {
  const inherited = { SICKBAY_PORT: "none", SICKBAY_HTTPS: "true", SICKBAY_DATA: "/nowhere", SICKBAY_CACHES: "off" };
  Object.assign(process.env, inherited);
  const print = "console.log(JSON.stringify({ base: '', admin: Object.keys(process.env).filter((name) => /^SICKBAY_/.test(name)) }))";
  const { sickbay } = await startSickbay({ command: [process.execPath, "-e", print], env: { SICKBAY_SEED: "2" } });
  for (const name of Object.keys(inherited)) delete process.env[name];
  assert.deepEqual(sickbay.line.admin.sort(), ["SICKBAY_CACHES", "SICKBAY_SEED"]);
});

test("a Sickbay that isn't ready in time is ended, and its last lines are shown", async () => {
  const print = 'for (let n = 1; n <= 100; n += 1) console.error(`line ${n}`); setInterval(() => {}, 1e6);';
  const command = [process.execPath, "-e", print, "--"];
  await assert.rejects(startSickbay({ command, startTimeout: 1_000 }), (error) => {
    assert.match(error.message, /serve` wasn't ready within 1 seconds\. Its last lines:\nline 81\n[^]*line 100$/);
    return true;
  });
});

test("a command that isn't Sickbay is described", async () => {
  const command = [process.execPath, "-e", "console.log('hello')", "--"];
  await assert.rejects(startSickbay({ command }), /serve` printed `hello` instead of a line of JSON\. It printed no error\.$/);
});

test("without a command, one on the PATH is found, and then the one of uv, which may not download a package", async () => {
  const folder = mkdtempSync(join(tmpdir(), "programs-"));
  const program = (name, text) => writeFileSync(join(folder, name), `#!${process.execPath}\n${text}\n`, { mode: 0o755 });
  const { PATH, SICKBAY_COMMAND } = process.env;
  delete process.env.SICKBAY_COMMAND;
  process.env.PATH = folder;
  const print = "console.log(JSON.stringify({ base: process.argv.slice(2, 5) }))";
  program("uvx", print);
  assert.deepEqual((await startSickbay()).sickbay.base, ["--offline", "sickbay", "serve"]);
  program("uvx", "console.error('No solution found when resolving tool dependencies'); process.exit(1)");
  await assert.rejects(startSickbay(), /Sickbay isn't installed: tried `sickbay`, .*, `uvx --offline sickbay`\./);
  program("sickbay", print);
  assert.deepEqual((await startSickbay()).sickbay.base, ["serve", "--json", "--ephemeral"]);
  Object.assign(process.env, { PATH, ...(SICKBAY_COMMAND ? { SICKBAY_COMMAND } : {}) });
});

test("quotes keep a path with blanks together", () => {
  assert.deepEqual(words(`"C:\\Program Files\\sickbay" -m 'a b' c`), ["C:\\Program Files\\sickbay", "-m", "a b", "c"]);
});
