// An app built on openid-client: it reads one JSON line of what to do, does it, and writes one JSON line of what came.
import * as oidc from 'openid-client'

const asked = JSON.parse(await new Response(process.stdin).text())
const options = { algorithm: asked.metadata ?? 'oidc', execute: [oidc.allowInsecureRequests] }
const told = {}

// SMART wants the token endpoint as the audience of an assertion, and typ; the library's own choice is the issuer, and none.
async function byKey() {
  const name = { name: 'ECDSA', namedCurve: 'P-384' }
  const key = await crypto.subtle.importKey('jwk', asked.key, name, false, ['sign'])
  const change = (header, claims) => { header.typ = 'JWT'; claims.aud = asked.token_endpoint }
  return oidc.PrivateKeyJwt({ key, kid: asked.key.kid }, asked.as_it_is ? undefined : { [oidc.modifyAssertion]: change })
}

const methods = {
  none: () => oidc.None(),
  client_secret_basic: () => oidc.ClientSecretBasic(asked.secret),
  client_secret_post: () => oidc.ClientSecretPost(asked.secret),
  private_key_jwt: byKey,
}

async function configured() {
  const server = new URL(asked.issuer)
  if (asked.register) {
    return oidc.dynamicClientRegistration(server, asked.register, undefined, options)
  }
  return oidc.discovery(server, asked.client_id, undefined, await methods[asked.method ?? 'none'](), options)
}

// The browser of an app that is approved by itself: it follows one redirect, after a GET or a form.
async function authorized(url) {
  const form = { method: 'POST', body: url.searchParams }
  const to = asked.post ? [new URL(url.pathname, url), form] : [url, {}]
  const answer = await fetch(to[0], { redirect: 'manual', ...to[1] })
  const location = answer.headers.get('location')
  if (!location) throw new Error(`no redirect but ${answer.status}: ${await answer.text()}`)
  return new URL(location)
}

// With a browser of its own: the request first, and once more what came back to it, with what must be checked.
async function begun(config) {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), idTokenExpected: true }
  const parameters = {
    redirect_uri: asked.redirect_uri, scope: asked.scope, aud: asked.aud, state: checks.expectedState,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256',
    ...(asked.launch ? { launch: asked.launch } : {}),
  }
  checks.expectedNonce = parameters.nonce = oidc.randomNonce()
  return { url: oidc.buildAuthorizationUrl(config, parameters), checks }
}

async function signedIn(config) {
  const begin = asked.back ? { checks: asked.checks } : await begun(config)
  const back = asked.back ? new URL(asked.back) : await authorized(begin.url)
  const tokens = await oidc.authorizationCodeGrant(config, back, begin.checks)
  told.claims = tokens.claims()
  return tokens
}

const steps = {
  refresh: async (config) => {
    told.refreshed = await oidc.refreshTokenGrant(config, told.tokens.refresh_token)
  },
  userinfo: async (config) => {
    told.userinfo = await oidc.fetchUserInfo(config, told.tokens.access_token, told.claims.sub)
  },
  introspect: async (config) => {
    told.introspected ??= []
    told.introspected.push(await oidc.tokenIntrospection(config, (told.refreshed ?? told.tokens).access_token))
  },
  revoke: async (config) => {
    const latest = told.refreshed ?? told.tokens
    await oidc.tokenRevocation(config, latest.refresh_token ?? latest.access_token)
  },
  end: async (config) => {
    const parameters = { id_token_hint: told.tokens.id_token, post_logout_redirect_uri: asked.bye }
    told.end = oidc.buildEndSessionUrl(config, parameters)
  },
  read: async (config) => {
    const address = new URL(asked.read)
    const answer = await oidc.fetchProtectedResource(config, told.tokens.access_token, address, 'GET')
    told.read = { status: answer.status, body: await answer.json() }
  },
}

const config = await configured()
told.server = config.serverMetadata()
told.client = config.clientMetadata()
if (asked.grant === 'client_credentials') {
  told.tokens = await oidc.clientCredentialsGrant(config, { scope: asked.scope })
} else if (asked.begin) {
  Object.assign(told, await begun(config))
} else if (asked.scope) {
  told.tokens = await signedIn(config)
}
for (const step of asked.steps ?? []) await steps[step](config)
console.log(JSON.stringify(told))
