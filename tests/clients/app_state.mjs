// Stores, changes and deletes app state with fhir-kit-client, in the order that SMART 2.2 describes.
// Arguments: the endpoint and an access token.
import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";

const [baseUrl, bearerToken] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken });
const code = { coding: [{ system: "https://growth.example.org", code: "preferences" }] };
const state = (units, id) => ({
  resourceType: "Basic", id, code, extension: [{ url: "https://growth.example.org/preferences", valueString: units }],
});
const searchParams = { code: "https://growth.example.org|preferences", "subject:missing": "true" };
const stored = async () => (await client.search({ resourceType: "Basic", searchParams })).entry ?? [];

const created = await client.create({ resourceType: "Basic", body: state("kg") });
const { response } = Client.httpFor(created);
assert.equal(response.status, 201);
const change = (body, version) => client.update({
  resourceType: "Basic", id: created.id, body, options: { headers: { "If-Match": version } },
});
const changed = await change(state("lb", created.id), response.headers.get("ETag"));
assert.equal(changed.extension[0].valueString, "lb");
await assert.rejects(change(state("st", created.id), response.headers.get("ETag")), (error) => error.response.status === 412);
assert.deepEqual((await stored()).map((entry) => entry.resource.extension[0].valueString), ["lb"]);
const headers = { "If-Match": `W/"${changed.meta.versionId}"` };
await client.delete({ resourceType: "Basic", id: created.id, options: { headers } });
assert.deepEqual(await stored(), []);
console.log("app state was stored");
