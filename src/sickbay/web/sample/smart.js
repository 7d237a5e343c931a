// SMART App Launch 2.2 for a public client, by hand: discovery, authorize with PKCE and state, code for token, read.

const DEFAULT_SCOPE = "openid fhirUser patient/Patient.read patient/Observation.read user/Patient.read";
const KEPT = "sample-launch:";

export class Fault extends Error {
  constructor(message, more = {}) { super(message); Object.assign(this, more); }
}

// A browser may hold the storage back from a page that another site frames.
const storage = () => {
  try { return sessionStorage; } catch {
    throw new Fault("This browser lets no page store anything in a frame of another site. Open the app in a tab.", { title: "Nothing can be kept here" });
  }
};

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
export const random = (size = 32) => base64url(crypto.getRandomValues(new Uint8Array(size)));
export const challenge = async (verifier) => base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
const plain = (address) => address.replace(/\/$/, "");

export async function configuration() {
  const answer = await fetch("config.json", { cache: "no-store" });
  if (!answer.ok) throw new Fault("This app has no config.json, so it does not know how it is registered.");
  return answer.json();
}

export async function discover(iss) {
  const address = `${plain(iss)}/.well-known/smart-configuration`;
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch((error) => {
    throw new Fault(`Nothing answers at ${address}.`, { code: String(error) });
  });
  if (!answer.ok) throw new Fault(`${address} answered ${answer.status}; is the iss right?`);
  return answer.json();
}

// Where the person is sent next. What must be known when the answer comes is kept under the state, in this tab alone.
export async function authorizeAddress(iss, launch) {
  const config = await configuration();
  const clientId = config.clients[iss] || config.clients[plain(iss)];
  if (!clientId) throw new Fault(`This app is not registered at ${iss}.`, { title: "Not registered there" });
  const found = await discover(iss);
  const state = random();
  const verifier = random();
  const redirect = new URL("index.html", location.href).href;
  const scope = `${launch ? "launch" : "launch/patient"} ${config.scope || DEFAULT_SCOPE}`;
  storage().setItem(KEPT + state, JSON.stringify({ iss, clientId, verifier, redirect, token: found.token_endpoint,
    issuer: found.issuer, namesIssuer: found.authorization_response_iss_parameter_supported === true }));
  const address = new URL(found.authorization_endpoint);
  const parameters = { response_type: "code", client_id: clientId, redirect_uri: redirect, scope, state, aud: iss,
    code_challenge: await challenge(verifier), code_challenge_method: "S256", ...(launch ? { launch } : {}) };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return address.href;
}

// Who answered (RFC 9207, section 2.4): the iss of the answer is the issuer that was asked, and it is there if its server says
// that it sends one. Anything else may be an answer of another server that wants the code of this one.
export function issuerFault(iss, kept) {
  if (iss === null) return kept.namesIssuer ? "The answer has no iss, although the hospital says that it sends one." : "";
  return iss === kept.issuer ? "" : `The answer comes from ${iss}, but ${kept.issuer} was asked.`;
}

// The answer on this page's address: a code for a request of ours, or the reason why there is none. Nothing of an answer is
// believed, not even an error and its link, before its state and its iss are found right.
export function answered(search) {
  const got = new URLSearchParams(search);
  if (!got.get("code") && !got.get("error")) {
    throw new Fault("No answer stands in this page’s address. Open the app from a chart, or on its own.", { title: "Nothing to show yet" });
  }
  const text = storage().getItem(KEPT + got.get("state"));
  if (!text) {
    throw new Fault("This answer has a state that this tab did not make: it belongs to another tab, or this page was loaded again.", { title: "Not our answer" });
  }
  const kept = JSON.parse(text);
  const foreign = issuerFault(got.get("iss"), kept);
  if (foreign) throw new Fault(foreign, { title: "Not the hospital that was asked" });
  storage().removeItem(KEPT + got.get("state"));
  if (got.get("error")) {
    throw new Fault(got.get("error_description") || "It did not say why.", { code: got.get("error"), link: got.get("error_uri") });
  }
  return { code: got.get("code"), ...kept };
}

export async function redeem(answer) {
  const body = new URLSearchParams({ grant_type: "authorization_code", code: answer.code, redirect_uri: answer.redirect,
    client_id: answer.clientId, code_verifier: answer.verifier });
  const response = await fetch(answer.token, { method: "POST", body, headers: { Accept: "application/json" } });
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Fault(said.error_description || `The token endpoint answered ${response.status}.`, { code: said.error, link: said.error_uri });
  return said;
}

// A look inside; nothing rests on it here, so the signature is not checked.
export function claims(idToken) {
  const bytes = Uint8Array.from(atob(idToken.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

export async function read(iss, token, path) {
  const response = await fetch(`${plain(iss)}/${path}`, { headers: { Authorization: `Bearer ${token}`, Accept: "application/json, application/fhir+json, application/json+fhir" } });
  const said = await response.json().catch(() => ({}));
  if (response.ok) return said;
  const issue = (said.issue || [{}])[0];
  throw new Fault(issue.diagnostics || `${path} answered ${response.status}.`, { code: `${response.status} ${issue.code || ""}`.trim(), link: explained(issue, response, iss) });
}

const explained = (issue, response, iss) => {
  const id = response.headers.get("X-Correlation-Id");
  return id ? `${new URL(iss).origin}/exchanges/${id}` : undefined;
};

// DSTU2 has lists where R4 has one family name.
export function nameOf(patient) {
  const name = (patient.name || [{}])[0];
  return [...(name.given || []), ...[name.family || []].flat()].join(" ") || patient.id;
}
