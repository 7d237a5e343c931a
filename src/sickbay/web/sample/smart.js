// SMART App Launch 2.2 for a public client, without a library: discovery, authorization with PKCE and state, token, reads.

const DEFAULT_SCOPE = "openid fhirUser patient/Patient.read patient/Observation.read user/Patient.read";
const KEPT = "sample-launch:";

export class Fault extends Error {
  constructor(message, more = {}) { super(message); Object.assign(this, more); }
}

// A browser may block storage for a page embedded in another site.
const storage = () => {
  try { return sessionStorage; } catch {
    throw new Fault("This browser doesn’t let an embedded app from another site store data. Open the app in a tab.", { title: "Storage is blocked" });
  }
};

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
export const random = (size = 32) => base64url(crypto.getRandomValues(new Uint8Array(size)));
export const challenge = async (verifier) => base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
const plain = (address) => address.replace(/\/$/, "");

export async function configuration() {
  const answer = await fetch("config.json", { cache: "no-store" });
  if (!answer.ok) throw new Fault("This app has no config.json, so it doesn’t know its client ID.");
  return answer.json();
}

export async function discover(iss) {
  const address = `${plain(iss)}/.well-known/smart-configuration`;
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch((error) => {
    throw new Fault(`No response from ${address}.`, { code: String(error) });
  });
  if (!answer.ok) throw new Fault(`${address} returned ${answer.status}. Is the iss correct?`);
  return answer.json();
}

// The address of the authorization request. The state is the key of what the redirect page needs, stored only in this tab.
export async function authorizeAddress(iss, launch) {
  const config = await configuration();
  const clientId = config.clients[iss] || config.clients[plain(iss)];
  if (!clientId) throw new Fault(`This app isn’t registered at ${iss}.`, { title: "Not registered" });
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

// Check who responded (RFC 9207, section 2.4): iss must be the issuer that was asked, and must be there if discovery says so.
// Otherwise, the response may come from another server that wants to get this one's code.
export function issuerFault(iss, kept) {
  if (iss === null) return kept.namesIssuer ? "The response has no iss, although the hospital says that it sends one." : "";
  return iss === kept.issuer ? "" : `The response comes from ${iss}, but the request was sent to ${kept.issuer}.`;
}

// The authorization response in this page's address: a code or an error. Nothing in it is trusted, not even an error and its
// link, until its state and its iss are verified.
export function answered(search) {
  const got = new URLSearchParams(search);
  if (!got.get("code") && !got.get("error")) {
    throw new Fault("This page’s address contains no authorization response. Launch the app from a chart, or standalone.", { title: "Nothing to show yet" });
  }
  const text = storage().getItem(KEPT + got.get("state"));
  if (!text) {
    throw new Fault("The state of this response isn’t from this tab. Either another tab sent the request, or this page was reloaded.", { title: "state doesn’t match" });
  }
  const kept = JSON.parse(text);
  const foreign = issuerFault(got.get("iss"), kept);
  if (foreign) throw new Fault(foreign, { title: "iss doesn’t match" });
  storage().removeItem(KEPT + got.get("state"));
  if (got.get("error")) {
    throw new Fault(got.get("error_description") || "The response gives no reason.", { code: got.get("error"), link: got.get("error_uri") });
  }
  return { code: got.get("code"), ...kept };
}

export async function redeem(answer) {
  const body = new URLSearchParams({ grant_type: "authorization_code", code: answer.code, redirect_uri: answer.redirect,
    client_id: answer.clientId, code_verifier: answer.verifier });
  const response = await fetch(answer.token, { method: "POST", body, headers: { Accept: "application/json" } });
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Fault(said.error_description || `The token endpoint returned ${response.status}.`, { code: said.error, link: said.error_uri });
  return said;
}

// Only for display, so the signature isn't verified.
export function claims(idToken) {
  const bytes = Uint8Array.from(atob(idToken.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

export async function read(iss, token, path) {
  const response = await fetch(`${plain(iss)}/${path}`, { headers: { Authorization: `Bearer ${token}`, Accept: "application/json, application/fhir+json, application/json+fhir" } });
  const said = await response.json().catch(() => ({}));
  if (response.ok) return said;
  const issue = (said.issue || [{}])[0];
  throw new Fault(issue.diagnostics || `${path} returned ${response.status}.`, { code: `${response.status} ${issue.code || ""}`.trim(), link: explained(issue, response, iss) });
}

const explained = (issue, response, iss) => {
  const id = response.headers.get("X-Correlation-Id");
  return id ? `${new URL(iss).origin}/exchanges/${id}` : undefined;
};

// In DSTU2 the family name is a list.
export function nameOf(patient) {
  const name = (patient.name || [{}])[0];
  return [...(name.given || []), ...[name.family || []].flat()].join(" ") || patient.id;
}
