// What a test does with Sickbay, run by Node's own test runner.
import assert from "node:assert/strict";
import * as runner from "node:test";
import { Sickbay, SickbayError } from "@sickbay/testing";
import { sickbayTest } from "@sickbay/testing/jest";

const test = sickbayTest({}, runner);

function authorize(sickbay, app, changed = {}) {
  const sent = { response_type: "code", client_id: app.client_id, redirect_uri: "http://localhost:8100/callback" };
  const query = new URLSearchParams({ ...sent, aud: sickbay.fhir(), scope: "openid", ...changed });
  return fetch(`${sickbay.line.tenants.general.authorize}?${query}`, { redirect: "manual" });
}

function read(sickbay, { access_token }) {
  return fetch(`${sickbay.fhir()}/Patient/p-0001`, { headers: { Authorization: `Bearer ${access_token}` } });
}

test("the patients exist before the first test", async ({ sickbay }) => {
  assert.deepEqual(await sickbay.exchanges(), []);
  const metrics = await (await fetch(`${sickbay.base}/metrics`)).text();
  assert.match(metrics, /^sickbay_requests_total\{outcome="granted",stage="access"\} 1\.0$/m);
});

test("a token reads its patient until it expires", async ({ sickbay }) => {
  const token = await sickbay.token(await sickbay.app(), "patient/Patient.rs", { patient: "p-0001" });
  assert.equal((await read(sickbay, token)).status, 200);
  await sickbay.assertNoRefusals();
  await sickbay.clock.advance(86_400);
  assert.equal((await read(sickbay, token)).status, 401);
  assert.deepEqual((await sickbay.refusals()).map(({ stage }) => stage), ["access"]);
});

test("nothing of the other test is left", async ({ sickbay }) => {
  assert.deepEqual(await sickbay.exchanges(), []);
  assert.ok(Math.abs((await sickbay.clock.now()) - Date.now() / 1000) < 3600);
  const names = (await sickbay.admin.get("/admin/apps")).map(({ name }) => name);
  assert.deepEqual(names.filter((name) => name.startsWith("test-app")), []);
});

test("a launch has the URL that the EHR opens", async ({ sickbay }) => {
  const launch = await sickbay.launch(await sickbay.app({ user: "okafor" }));
  const { origin, pathname, searchParams } = new URL(launch.url);
  assert.equal(origin + pathname, "http://localhost:8100/launch");
  assert.deepEqual(Object.fromEntries(searchParams), { iss: launch.iss, launch: launch.launch });
  assert.equal(launch.iss, sickbay.fhir());
});

test("an app of a system needs no addresses", async ({ sickbay }) => {
  const app = await sickbay.app({ type: "system", client: "symmetric", scope: "system/*.rs" });
  assert.deepEqual([app.type, app.redirect_uris, typeof app.client_secret], ["system", [], "string"]);
});

test("a browser state is signed in", async ({ sickbay }) => {
  const { cookies: [cookie] } = await sickbay.storageState();
  const headers = { Accept: "text/html", Cookie: `${cookie.name}=${cookie.value}` };
  const chart = await fetch(`${sickbay.base}/general/ehr/patients`, { headers, redirect: "manual" });
  assert.equal(chart.status, 200);
  await assert.rejects(sickbay.storageState("okafor", "wrong"), /okafor can't sign in to general with this password\./);
});

test("a refusal before many requests is not overlooked", async ({ sickbay }) => {
  const token = await sickbay.token(await sickbay.app(), "patient/Patient.rs", { patient: "p-0001" });
  await read(sickbay, { access_token: "wrong" });
  for (let number = 0; number < 101; number += 1) assert.equal((await read(sickbay, token)).status, 200);
  assert.deepEqual((await sickbay.refusals()).map(({ response }) => response.status), [401]);
});

test("the journal is filtered by stage", async ({ sickbay }) => {
  const app = await sickbay.app();
  await authorize(sickbay, app);
  await read(sickbay, { access_token: "wrong" });
  assert.deepEqual((await sickbay.exchanges({ stage: "access" })).map(({ stage }) => stage), ["access"]);
});

test("assertNoRefusals fails with the explanation", async ({ sickbay }) => {
  await authorize(sickbay, await sickbay.app(), { scope: "openid,fhirUser" });
  const [refusal] = await sickbay.refusals();
  await assert.rejects(sickbay.assertNoRefusals(), (error) => {
    assert.ok(error instanceof SickbayError);
    assert.ok(error.message.startsWith("Sickbay refused 1 request:\n\nREFUSED: "), error.message);
    assert.ok(error.message.includes(refusal.findings[0].title));
    return true;
  });
  assert.match(await sickbay.page(refusal.id), /<!doctype html>/i);
});

test("an injected fault is not a refusal", async ({ sickbay }) => {
  await authorize(sickbay, await sickbay.app(), { scope: "openid,fhirUser" });
  const admin = { get: async (...request) => [await sickbay.admin.get(...request)].flat().map(injected) };
  const simulated = Object.assign(new Sickbay(sickbay.line), {
    admin: { get: async (path, query) => (path.startsWith("/exchanges/") ? (await admin.get(path))[0] : admin.get(path, query)) },
  });
  assert.equal((await simulated.exchanges()).length, 1);
  assert.deepEqual(await simulated.refusals(), []);
  await simulated.assertNoRefusals();
});

const injected = (exchange) => ({ ...exchange, injected: true });

test("a wrong request of the test fails with the problem and its fix", async ({ sickbay }) => {
  await assert.rejects(sickbay.app({ redirect_uris: ["javascript:alert(1)"] }), {
    name: "SickbayError",
    message: /^Registration failed\n.*\[reg-redirect-uri-scheme-forbidden\]: ./,
  });
  await assert.rejects(sickbay.admin.get("/metrics"), SyntaxError);
  assert.throws(() => sickbay.fhir("r9"), /Sickbay has no FHIR server for r9 at general\./);
});
