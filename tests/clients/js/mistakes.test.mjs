// Fails on purpose, so that test_runners.py sees what a failure of a test shows.
import assert from "node:assert/strict";
import * as runner from "node:test";
import { sickbayTest } from "@sickbay/testing/jest";

const test = sickbayTest({}, runner);

test("a request without a token", async ({ sickbay }) => {
  assert.equal((await fetch(`${sickbay.fhir()}/Patient/p-0001`)).status, 200);
});

test("a refusal that the assertion explains", async ({ sickbay }) => {
  await fetch(`${sickbay.fhir()}/Patient/p-0001`);
  await sickbay.assertNoRefusals();
});

test("a failure without a refusal", async () => {
  assert.equal(1, 2);
});

test.skip("a test that is skipped", async () => {
  assert.fail("it ran");
});
