// The tasks, called as Cypress calls them. Cypress itself needs more than a package registry.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sickbayTasks } from "@sickbay/testing/cypress";

test("the tasks register and launch an app, and explain what was refused", async (context) => {
  const events = {};
  await sickbayTasks((event, handler) => void (events[event] = handler));
  const task = async (name, argument = null) => {
    const result = await events.task[`sickbay:${name}`](argument);
    assert.notEqual(result, undefined); // Cypress fails a task that returns undefined
    return JSON.parse(JSON.stringify(result));
  };
  assert.equal(await task("reset"), null);
  const app = await task("app", { user: "okafor" });
  assert.match((await task("launch", { app, patient: "p-0002" })).url, /^http:\/\/localhost:8100\/launch\?/);
  const { access_token } = await task("token", { app, scope: "patient/Patient.rs", patient: "p-0001" });
  assert.equal(await task("assertNoRefusals"), null);
  assert.equal(await task("diagnosis"), "");

  assert.equal(await task("advance", 86_400), null);
  const { fhir } = (await task("line")).tenants.general;
  await fetch(`${fhir.r4}/Patient/p-0001`, { headers: { Authorization: `Bearer ${access_token}` } });
  const [refusal] = await task("refusals");
  assert.equal((await task("exchanges", { stage: "access" })).length, 1);
  assert.match(await task("explanation", refusal.id), /^REFUSED: /);
  await assert.rejects(task("assertNoRefusals"), /^SickbayError: Sickbay refused 1 request:/);
  const log = context.mock.method(console, "log", () => {});
  assert.match(await task("diagnosis"), /^REFUSED: /);
  assert.match(log.mock.calls[0].arguments[0], /^Sickbay refused:\n\nREFUSED: /);
  await events["after:run"](); // stops only what it started
  assert.equal((await fetch(`${fhir.r4}/metadata`)).status, 200);
});
