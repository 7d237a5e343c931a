// The app's own functions against a FHIR server, without a browser.
import { expect } from "vitest";
import { sickbayTest } from "@sickbay/testing/vitest";
import { SCOPE } from "../src/registration.js";
import { readSummary } from "../src/summary.js";

const test = sickbayTest({ args: ["--patients", "2"] });

/** Returns a function that requests a path with this token, as fhirclient does. */
function requester(sickbay, { access_token }) {
  return async (path) => {
    const headers = { Authorization: `Bearer ${access_token}`, Accept: "application/fhir+json" };
    const response = await fetch(`${sickbay.fhir()}/${path}`, { headers });
    if (!response.ok) throw new Error(`${response.status} for ${path}`);
    return response.json();
  };
}

test("the summary has the patient's name and active problems", async ({ sickbay }) => {
  const token = await sickbay.token(await sickbay.app({ scope: SCOPE }), SCOPE, { patient: "p-0001" });
  const summary = await readSummary(requester(sickbay, token), "p-0001");
  expect(summary.name).toBe("Ines Moreau");
  expect(summary.problems.length).toBeGreaterThan(0);
  await sickbay.assertNoRefusals();
});

test("an expired token is refused", async ({ sickbay }) => {
  const token = await sickbay.token(await sickbay.app({ scope: SCOPE }), SCOPE, { patient: "p-0001" });
  await sickbay.clock.advance(token.expires_in + 60);
  await expect(readSummary(requester(sickbay, token), "p-0001")).rejects.toThrow("401 for Patient/p-0001");
  expect((await sickbay.refusals()).map(({ stage }) => stage)).toEqual(["access"]);
});
