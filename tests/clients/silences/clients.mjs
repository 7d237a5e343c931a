// Apps built on openid-client and fhirclient, none of them changed, that stop somewhere or ask for what isn't there. Reads JSON with
// the scripts to run, runs one after the other, and writes what each app saw last.
import fhirclient from 'fhirclient'
import * as oidc from 'openid-client'

const { base, issuer, fhir, scripts } = JSON.parse(await new Response(process.stdin).text())
const HERE = 'http://localhost:8100/callback'

async function administer(path, body) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${base}/admin/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(await answer.text())
}

// Sickbay approves these apps without a person, so a client that reads the redirect is browser enough.
async function followed(url) {
  const answer = await fetch(url, { redirect: 'manual' })
  const location = answer.headers.get('location')
  if (!location) throw new Error(`no redirect but ${answer.status}: ${(await answer.text()).slice(0, 200)}`)
  return location
}

async function openidClient(app) {
  const options = { algorithm: 'oidc', execute: [oidc.allowInsecureRequests] }
  const method = app.client_secret ? oidc.ClientSecretBasic(app.client_secret) : oidc.None()
  return oidc.discovery(new URL(issuer), app.client_id, undefined, method, options)
}

async function authorizationRequest(config, app) {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState() }
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: HERE, scope: app.asks ?? app.scope, aud: fhir, state: checks.expectedState,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256',
    ...(app.launch ? { launch: app.launch } : {}),
  })
  return { url, checks }
}

async function signIn(config, app, more = {}) {
  const { url, checks } = await authorizationRequest(config, app)
  return oidc.authorizationCodeGrant(config, new URL(await followed(url)), { ...checks, ...more })
}

async function read(config, tokens, path) {
  const answer = await oidc.fetchProtectedResource(config, tokens.access_token, new URL(`${fhir}/${path}`), 'GET')
  return { status: answer.status, total: (await answer.json()).total }
}

async function later(seconds, run) {
  await administer('clock', { advance: seconds })
  try {
    return await run()
  } finally {
    await administer('clock', { offset: 0 })
  }
}

const openid = {
  discovers: async (app) => { await openidClient(app) },
  follows_no_redirect: async (app) => {
    const config = await openidClient(app)
    await fetch((await authorizationRequest(config, app)).url, { redirect: 'manual' })
  },
  lost_the_state: async (app) => {
    const config = await openidClient(app)
    const { url, checks } = await authorizationRequest(config, app)
    const back = new URL(await followed(url))
    await oidc.authorizationCodeGrant(config, back, { ...checks, expectedState: oidc.randomState() })
  },
  only_signs_in: async (app) => { await signIn(await openidClient(app), app) },
  stops_after_a_401: async (app) => {
    const config = await openidClient(app)
    const tokens = await signIn(config, app)
    await read(config, tokens, 'Patient?_count=1')
    return later(7200, () => read(config, tokens, 'Patient?_count=1'))
  },
  refreshes_twice_with_one_token: async (app) => {
    const config = await openidClient(app)
    const tokens = await signIn(config, app)
    await read(config, tokens, 'Patient?_count=1')
    await oidc.refreshTokenGrant(config, tokens.refresh_token)
    return later(60, () => oidc.refreshTokenGrant(config, tokens.refresh_token))
  },
  gets_a_service_token: async (app) => {
    await oidc.clientCredentialsGrant(await openidClient(app), { scope: app.scope })
  },
  reads: async (app) => {
    const config = await openidClient(app)
    return read(config, await signIn(config, app), app.path)
  },
  expects_an_id_token: async (app) => signIn(await openidClient(app), app, { idTokenExpected: true }),
}

// The two requests of a browser at an app on a server, as fhirclient's Node adapter reads them.
async function fhirClient(app) {
  const kept = new Map()
  const storage = {
    get: async (key) => kept.get(key), set: async (key, value) => kept.set(key, value), unset: async (key) => kept.delete(key),
  }
  const sent = {}
  const response = { writeHead: (_, headers) => Object.assign(sent, headers), end: () => {} }
  const request = (url) => ({ url, headers: { host: 'localhost:8100' }, socket: {} })
  const options = { clientId: app.client_id, scope: app.asks ?? app.scope, redirectUri: HERE, pkceMode: 'required' }
  const from = app.launch ? `/launch?iss=${encodeURIComponent(fhir)}&launch=${app.launch}` : `/launch?fhirServiceUrl=x`
  await fhirclient(request(from), response, storage).authorize(app.launch ? options : { ...options, iss: fhir })
  const back = new URL(await followed(sent.location))
  return fhirclient(request(back.pathname + back.search), response, storage).ready()
}

const fhirclientScripts = {
  requests: async (app) => (await (await fhirClient(app)).request(app.path)).total,
  reads_the_patient: async (app) => (await (await fhirClient(app)).patient.read()).id,
  reads_the_encounter: async (app) => (await (await fhirClient(app)).encounter.read()).id,
  refreshes: async (app) => { await (await fhirClient(app)).refresh() },
  expects_the_patient: async (app) => {
    const client = await fhirClient(app)
    if (client.patient.id !== app.expected) throw new Error(`another patient: ${client.patient.id}`)
  },
}

const clients = { 'openid-client': openid, fhirclient: fhirclientScripts }
const saw = []
for (const { client, script, ...app } of scripts) {
  try {
    saw.push(JSON.stringify((await clients[client][script](app)) ?? null))
  } catch (error) {
    saw.push(`${error}${error.cause ? ` (${error.cause})` : ''}`)
  }
}
console.log(JSON.stringify(saw))
