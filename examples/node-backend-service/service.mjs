// A SMART backend service: it signs a client assertion with its private key, gets a token, and reads patients. No user, no browser.
import { randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const ISS = process.env.ISS ?? "http://localhost:7425/general/r4";
const CLIENT_ID = process.env.CLIENT_ID ?? "my-service";

const base64url = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

function assertion(tokenEndpoint) {
  const { kid } = JSON.parse(readFileSync("jwks.json", "utf8")).keys[0];
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: CLIENT_ID, sub: CLIENT_ID, aud: tokenEndpoint, iat: now, exp: now + 240, jti: randomUUID() };
  const signed = `${base64url({ alg: "ES384", typ: "JWT", kid })}.${base64url(claims)}`;
  const key = { key: readFileSync("private-key.pem"), dsaEncoding: "ieee-p1363" }; // JWS needs r and s, not DER
  return `${signed}.${sign("sha384", Buffer.from(signed), key).toString("base64url")}`;
}

async function json(url, options) {
  const response = await fetch(url, options);
  const body = await response.json();
  if (!response.ok) throw new Error(`${response.status}: ${body.error_description ?? JSON.stringify(body)} ${body.error_uri ?? ""}`);
  return body;
}

const smart = await json(`${ISS}/.well-known/smart-configuration`);
const token = await json(smart.token_endpoint, {
  method: "POST",
  body: new URLSearchParams({
    grant_type: "client_credentials",
    scope: "system/Patient.rs system/Observation.rs",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion(smart.token_endpoint),
  }),
});

const headers = { Authorization: `Bearer ${token.access_token}` };
const patients = await json(`${ISS}/Patient?_count=5&_sort=_id`, { headers });
for (const { resource } of patients.entry) {
  const count = await json(`${ISS}/Observation?patient=${resource.id}&_summary=count`, { headers });
  console.log(`${resource.id} ${resource.name[0].given[0]} ${resource.name[0].family}: ${count.total} observations`);
}
