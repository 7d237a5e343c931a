// What an app sent is compared with what a test expects, and a failure shows what it sent instead.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "./node_modules/@sickbay/testing/dist/sent-requests.js";

const BASE = "http://localhost:7425";
const line = {
  tenants: {
    general: {
      authorize: `${BASE}/general/oauth/authorize`,
      token: `${BASE}/general/oauth/token`,
      fhir: { r4: `${BASE}/general/r4` },
    },
    epic: { authorize: `${BASE}/epic/a`, token: `${BASE}/epic/t`, fhir: { r4: `${BASE}/epic/api/FHIR/R4` } },
  },
};
const sent = (method, path, body = null, status = 200) => ({ request: { method, url: BASE + path, body }, response: { status } });

const AUTHORIZE = sent("GET", "/general/oauth/authorize?response_type=code&client_id=a&state=…(24)", null, 302);
const WITHOUT = sent("POST", "/general/oauth/token", "grant_type=authorization_code&code=NIUj…(43)", 400);
const WITH_PKCE = sent("POST", "/general/oauth/token", "grant_type=authorization_code&code=NIUj…(43)&code_verifier=aaaa…(64)");
const SEARCH = sent("GET", "/general/r4/Observation?patient=p-0001&category=laboratory&category=vital-signs");
const FORM_SEARCH = sent("POST", "/general/r4/Observation/_search");
const EXCHANGES = [AUTHORIZE, WITHOUT, WITH_PKCE, SEARCH, FORM_SEARCH];

const assertSent = (request, times, parameters = {}, exchanges = EXCHANGES) => check({ request, times, parameters, line }, exchanges);
const message = (...expected) => {
  try {
    assertSent(...expected);
  } catch (error) {
    assert.equal(error.name, "SickbayError");
    return error.message;
  }
  return assert.fail("it was found");
};

for (const [request, times, parameters, found] of [
  ["token", 1, { code_verifier: true }, [WITH_PKCE]],
  ["token", 1, { code_verifier: false }, [WITHOUT]],
  ["token", 2, { grant_type: "authorization_code" }, [WITHOUT, WITH_PKCE]],
  ["token", undefined, {}, [WITHOUT, WITH_PKCE]],
  ["token", 0, { grant_type: "refresh_token" }, []],
  ["authorize", 1, { response_type: "code", state: true }, [AUTHORIZE]],
  ["GET Observation", 1, { category: "laboratory" }, [SEARCH]],
  ["GET Observation", 1, { category: /^vital/ }, [SEARCH]],
  ["GET */*", 0, {}, []],
  ["POST Observation/_search", 1, {}, [FORM_SEARCH]],
  ["GET /general/oauth/*", 1, {}, [AUTHORIZE]],
]) {
  test(`${request} with ${JSON.stringify(parameters)} is found ${times} times`, () => {
    assert.deepEqual(assertSent(request, times, parameters), found);
  });
}

test("a failure lists what was sent with the same endpoint first, and says what differs", () => {
  const expected = { grant_type: "authorization_code", code_verifier: true, client_id: true };
  assert.equal(
    message("token", 1, expected),
    "Expected 1 request `token` with grant_type=authorization_code, code_verifier and client_id, but the app sent 0.\n\n" +
      "It sent:\n" +
      "  token 400: grant_type=authorization_code, code=NIUj…(43)   ← no code_verifier\n" +
      "  token 200: grant_type=authorization_code, code=NIUj…(43), code_verifier=aaaa…(64)   ← no client_id\n" +
      "  authorize 302: response_type=code, client_id=a, state=…(24)\n" +
      "  GET Observation 200: patient=p-0001, category=laboratory, category=vital-signs\n" +
      "  POST Observation/_search 200",
  );
});

for (const [request, times, parameters, part] of [
  ["token", 1, {}, "Expected 1 request `token`, but the app sent 2."],
  ["token", undefined, { grant_type: "refresh_token" }, "← grant_type is authorization_code"],
  ["authorize", undefined, { client_id: false }, "← it has client_id"],
  ["GET Observation", 1, { category: /^x/ }, "with category matching /^x/, but"],
  ["POST Observation/_search", 1, { patient: true }, "← its body isn't recorded, so patient can't be checked"],
  ["token", 1, { code: "NIUj" }, "Sickbay doesn't record the value of `code`"],
  ["tokens", 0, {}, "assertSent doesn't know the request `tokens`"],
  ["get Patient", 0, {}, "assertSent doesn't know the request `get Patient`"],
]) {
  test(`${request} ${JSON.stringify(parameters)}: ${part}`, () => assert.ok(message(request, times, parameters).includes(part)));
}

test("a preflight counts only if it is asked for, an app that sent nothing is described, and a long list is cut", () => {
  const preflight = sent("OPTIONS", "/general/oauth/token");
  assert.deepEqual(assertSent("token", 0, {}, [preflight]), []);
  assert.deepEqual(assertSent("OPTIONS /general/oauth/token", 1, {}, [preflight]), [preflight]);
  assert.match(message("token", 1, {}, []), /It sent no request that Sickbay records/);
  assert.match(message("token", 1, {}, Array(11).fill(SEARCH)), /\n  … and 1 other request$/);
});
