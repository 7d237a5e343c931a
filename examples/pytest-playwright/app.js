// The app: a page without a server of its own (a public client). It lists the patient's medication requests.
const SCOPE = "launch/patient openid fhirUser patient/Patient.rs patient/MedicationRequest.rs";
const main = document.querySelector("#main");
const query = new URLSearchParams(location.search);
const redirectUri = new URL("callback", location.href).href;

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const show = (element, text) => main.appendChild(Object.assign(document.createElement(element), { textContent: text }));

async function json(url, options = {}) {
  const response = await fetch(url, { ...options, headers: { Accept: "application/fhir+json, application/json", ...options.headers } });
  if (!response.ok) throw new Error(`${response.status} from ${new URL(url).pathname}`);
  return response.json();
}

const configuration = (iss) => json(`${iss}/.well-known/smart-configuration`);

async function authorize(iss, launch) {
  const verifier = random();
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const state = random();
  sessionStorage.setItem(state, JSON.stringify({ iss, verifier }));
  const url = new URL((await configuration(iss)).authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: CLIENT_ID,
    redirect_uri: redirectUri,
    scope: launch ? `launch ${SCOPE}` : SCOPE,
    state,
    aud: iss,
    nonce: random(),
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
    ...(launch ? { launch } : {}),
  });
  location.assign(url);
}

async function finish() {
  const pending = JSON.parse(sessionStorage.getItem(query.get("state")));
  sessionStorage.clear();
  if (!pending) throw new Error("Please launch the app again.");
  if (query.has("error")) throw new Error(`The EHR refused access: ${query.get("error")}`);
  const token = await json((await configuration(pending.iss)).token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: query.get("code"),
      redirect_uri: redirectUri,
      client_id: CLIENT_ID,
      code_verifier: pending.verifier,
    }),
  });
  const headers = { Authorization: `Bearer ${token.access_token}` };
  const patient = await json(`${pending.iss}/Patient/${token.patient}`, { headers });
  const requests = await json(`${pending.iss}/MedicationRequest?patient=${token.patient}`, { headers });
  main.replaceChildren();
  show("h1", `${patient.name[0].given.join(" ")} ${patient.name[0].family}`);
  for (const { resource } of requests.entry ?? []) show("p", resource.medicationCodeableConcept.text);
}

try {
  if (location.pathname.endsWith("/callback")) await finish();
  else await authorize(query.get("iss") ?? EHR, query.get("launch"));
} catch (error) {
  main.replaceChildren();
  show("p", error.message).setAttribute("role", "alert");
}
