// Runs the examples of fhir-kit-client's README in order. Arguments: the base URL and an access token.
import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";

const [baseUrl, bearerToken] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken });
const ids = (bundle) => (bundle.entry ?? []).map((entry) => entry.resource.id);

const patient = await client.read({ resourceType: "Patient", id: "p-0001" });
assert.equal(patient.resourceType, "Patient");
const first = await client.vread({ resourceType: "Patient", id: "p-0001", version: "1" });
assert.deepEqual(first, patient);

const matches = await client.search({ resourceType: "Patient", searchParams: { name: "Peters", _count: "10" } });
assert.ok(matches.entry.length > 0);
const posted = await client.search({
  resourceType: "Patient", searchParams: { name: "Peters", _count: "10" }, options: { postSearch: true },
});
assert.deepEqual(ids(posted), ids(matches));
const conditions = await client.search({ resourceType: "Condition", compartment: { resourceType: "Patient", id: "p-0017" } });
assert.ok(conditions.entry.every((entry) => entry.resource.subject.reference === "Patient/p-0017"));

const smith = { resourceType: "Patient", name: [{ family: "Smith", given: ["Jane"] }] };
const created = await client.create({ resourceType: "Patient", body: smith });
assert.equal(Client.httpFor(created).response.status, 201);
const minimal = await client.create({
  resourceType: "Patient", body: { ...smith, identifier: [{ system: "urn:kit", value: "1" }] },
  options: { headers: { Prefer: "return=minimal" } },
});
const { response } = Client.httpFor(minimal);
assert.equal(response.status, 201);
assert.match(response.headers.get("Location"), /\/Patient\/[^/]+\/_history\/1$/);

const updated = await client.update({
  resourceType: "Patient", id: created.id, body: { ...smith, id: created.id, active: true },
});
assert.equal(updated.meta.versionId, "2");
const searchParams = { identifier: "urn:kit|1" };
const conditional = await client.update({
  resourceType: "Patient", searchParams, body: { ...smith, identifier: [{ system: "urn:kit", value: "1" }], active: false },
});
assert.equal(conditional.active, false);
const jsonPatch = [
  { op: "replace", path: "/active", value: false },
  { op: "add", path: "/name/-", value: { use: "nickname", text: "Jay" } },
];
const patched = await client.patch({ resourceType: "Patient", id: created.id, jsonPatch });
assert.equal(patched.name[1].text, "Jay");

const batch = await client.batch({
  body: {
    resourceType: "Bundle", type: "batch",
    entry: [
      { request: { method: "GET", url: "Patient/p-0001" } },
      { request: { method: "GET", url: "Observation?patient=p-0001&_count=5" } },
    ],
  },
});
assert.equal(batch.entry[0].resource.id, "p-0001");
assert.equal(batch.entry[1].resource.entry.length, 5);
const transaction = await client.transaction({
  body: {
    resourceType: "Bundle", type: "transaction",
    entry: [{ resource: smith, request: { method: "POST", url: "Patient" } }],
  },
  options: { keepalive: false },
});
assert.equal(transaction.entry[0].response.status, "201 Created");

assert.equal((await client.history({ resourceType: "Patient", id: created.id })).total, 3);
assert.ok((await client.history({ resourceType: "Patient" })).entry.length > 3);
assert.ok((await client.history()).entry.length > 3);

const everything = await client.operation({ name: "everything", resourceType: "Patient", id: "p-0001", method: "GET" });
assert.ok(ids(everything).includes("p-0001"));
const outcome = await client.operation({ name: "validate", resourceType: "Patient", input: { ...smith, birthDate: "x" } });
assert.equal(outcome.issue[0].severity, "error");

let bundle = await client.search({ resourceType: "Slot", searchParams: { _count: "10" } });
const slots = new Set();
while (bundle) {
  ids(bundle).forEach((id) => slots.add(id));
  bundle = (await client.nextPage({ bundle })) ?? null;
}
const summary = await client.search({ resourceType: "Slot", searchParams: { _summary: "count" } });
assert.equal(slots.size, summary.total);

const auth = await client.smartAuthMetadata();
assert.ok(auth.tokenUrl.href.endsWith("/oauth/token"));

await client.delete({ resourceType: "Patient", id: created.id });
await assert.rejects(client.read({ resourceType: "Patient", id: created.id }), (error) => error.response.status === 410);
console.log("every example ran");
