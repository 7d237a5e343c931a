// An app keeps its state with fhir-kit-client, at the endpoint and with the token that are given: what SMART 2.2 asks, in order.
import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";

const [baseUrl, bearerToken] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken });
const code = { coding: [{ system: "https://growth.example.org", code: "preferences" }] };
const state = (units, id) => ({
  resourceType: "Basic", id, code, extension: [{ url: "https://growth.example.org/preferences", valueString: units }],
});
const searchParams = { code: "https://growth.example.org|preferences", "subject:missing": "true" };
const kept = async () => (await client.search({ resourceType: "Basic", searchParams })).entry ?? [];

const made = await client.create({ resourceType: "Basic", body: state("kg") });
const { response } = Client.httpFor(made);
assert.equal(response.status, 201);
const change = (body, version) => client.update({
  resourceType: "Basic", id: made.id, body, options: { headers: { "If-Match": version } },
});
const changed = await change(state("lb", made.id), response.headers.get("ETag"));
assert.equal(changed.extension[0].valueString, "lb");
await assert.rejects(change(state("st", made.id), response.headers.get("ETag")), (error) => error.response.status === 412);
assert.deepEqual((await kept()).map((entry) => entry.resource.extension[0].valueString), ["lb"]);
const headers = { "If-Match": `W/"${changed.meta.versionId}"` };
await client.delete({ resourceType: "Basic", id: made.id, options: { headers } });
assert.deepEqual(await kept(), []);
console.log("the state was kept");
