// Apps built on openid-client, oidc-client-ts and fhirclient, none of them changed. Reads a JSON list of cases, runs one after the
// other while its fault is active, and writes what each app saw: {value} or {error}.
import fhirclient from 'fhirclient'
import { InMemoryWebStorage, OidcClient, WebStorageStateStore } from 'oidc-client-ts'
import * as oidc from 'openid-client'

const { base, issuer, fhir, cases } = JSON.parse(await new Response(process.stdin).text())
const HERE = 'http://localhost:8100/callback'

// Sickbay approves these apps without a person, so a client that reads the redirect is browser enough.
async function followed(url) {
  const answer = await fetch(url, { redirect: 'manual' })
  const location = answer.headers.get('location')
  if (!location) throw new Error(`no redirect but ${answer.status}: ${(await answer.text()).slice(0, 200)}`)
  return location
}

async function openidClient(app) {
  const options = { algorithm: 'oidc', execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] }
  const config = await oidc.discovery(new URL(issuer), app.client_id, undefined, oidc.None(), options)
  config.timeout = app.timeout ?? 30
  return config
}

async function signIn(config, app) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(),
    idTokenExpected: true,
  }
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: HERE, scope: app.scope, aud: fhir, state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256',
  })
  return oidc.authorizationCodeGrant(config, new URL(await followed(url)), checks)
}

const openid = {
  signs_in: async (app) => (await signIn(await openidClient(app), app)).scope,
  refreshes: async (app) => {
    const config = await openidClient(app)
    const tokens = await signIn(config, app)
    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
    return refreshed.refresh_token === tokens.refresh_token ? 'the same refresh token' : 'a new refresh token'
  },
  reads_userinfo: async (app) => {
    const config = await openidClient(app)
    const tokens = await signIn(config, app)
    return oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  },
  // The key set has the next key too, so this client's cached one lacks the key only after two rotations.
  signs_in_after_two_rotations: async (app, inject) => {
    const config = await openidClient(app)
    await signIn(config, app)
    await inject()
    await signIn(config, app)
    await signIn(config, app)
    return (await signIn(config, app)).scope
  },
}

const oidcClientTs = {
  signs_in: async (app) => {
    const store = new InMemoryWebStorage()
    const client = new OidcClient({
      authority: issuer, client_id: app.client_id, redirect_uri: HERE, scope: app.scope, extraQueryParams: { aud: fhir },
      stateStore: new WebStorageStateStore({ store }),
    })
    const request = await client.createSigninRequest({})
    const answer = await client.processSigninResponse(await followed(request.url))
    return { expires_at: answer.expires_at ?? null }
  },
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
  const options = { clientId: app.client_id, scope: app.scope, iss: fhir, redirectUri: HERE, pkceMode: 'required' }
  await fhirclient(request('/launch'), response, storage).authorize(options)
  const back = new URL(await followed(sent.location))
  return fhirclient(request(back.pathname + back.search), response, storage).ready()
}

const observations = (client) => `Observation?patient=${client.patient.id}&_count=2`
const withFlat = (app) => ({ flat: true, pageLimit: app.pages ?? 1 })

const fhirclientSteps = {
  reads_the_patient: async (app) => (await (await fhirClient(app)).patient.read()).id,
  reads_impatiently: async (app) => {
    const client = await fhirClient(app)
    return (await client.request({ url: `Patient/${client.patient.id}`, signal: AbortSignal.timeout(app.timeout) })).id
  },
  searches: async (app) => {
    const client = await fhirClient(app)
    return (await client.request(observations(client), withFlat(app))).map((found) => found.resourceType)
  },
  expects_the_patient: async (app) => {
    const client = await fhirClient(app)
    if (client.patient.id !== app.patient) throw new Error('another patient')
  },
  refreshes: async (app) => (await (await fhirClient(app)).refresh()).tokenResponse.scope,
  follows_a_reference: async (app) => {
    const client = await fhirClient(app)
    const [first] = await client.request(observations(client), withFlat(app))
    return client.request(first.encounter.reference)
  },
  updates: async (app) => {
    const client = await fhirClient(app)
    return client.update(await client.patient.read())
  },
}

const clients = { 'openid-client': openid, 'oidc-client-ts': oidcClientTs, fhirclient: fhirclientSteps }

async function administer(method, path, body) {
  const options = { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) }
  const answer = await fetch(`${base}/admin/faults${path}`, options)
  if (!answer.ok) throw new Error(await answer.text())
  return method === 'POST' ? (await answer.json()).id : ''
}

const chain = (error) => (error ? [error.code, error.error, error.message, ...chain(error.cause)].filter(Boolean) : [])

const SECONDS = 60

// Rejects if a client neither returns nor fails, and keeps the process alive until then.
async function inTime(promise) {
  let timer
  const late = new Promise((_, reject) => { timer = setTimeout(reject, SECONDS * 1000, new Error('the client is still waiting')) })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const outcomes = []
for (const { client, step, fault, later, ...app } of cases) {
  const outcome = {}
  const inject = async () => { outcome.fault = await administer('POST', '', fault) }
  if (!later) await inject()
  try {
    outcome.value = await inTime(clients[client][step](app, inject))
  } catch (error) {
    outcome.error = error instanceof Error ? chain(error).join(' | ') : String(error)
  }
  if (outcome.fault) await administer('DELETE', `/${outcome.fault}`)
  outcomes.push(outcome)
}
console.log(JSON.stringify(outcomes))
