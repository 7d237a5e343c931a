// Fails, and its output says why: the token has no scope for Condition.
import { sickbayTest } from "@sickbay/testing/vitest";
import { expect } from "vitest";

const test = sickbayTest({ args: ["--patients", "2"] });

test("a token without the scope for problems", async ({ sickbay }) => {
  const token = await sickbay.token(await sickbay.app(), "patient/Patient.r", { patient: "p-0001" });
  const headers = { Authorization: `Bearer ${token.access_token}` };
  const response = await fetch(`${sickbay.fhir()}/Condition?patient=p-0001`, { headers });
  expect(response.status).toBe(200);
});
