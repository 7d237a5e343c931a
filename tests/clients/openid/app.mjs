// An app built on openid-client: reads one JSON line of instructions, follows them, and writes one JSON line of results.
import * as oidc from 'openid-client'

const input = JSON.parse(await new Response(process.stdin).text())
const options = { algorithm: input.metadata ?? 'oidc', execute: [oidc.allowInsecureRequests] }
const output = {}

// SMART requires the token endpoint as aud of an assertion, and the header typ. The library sends the issuer and no typ.
async function keyAuthentication() {
  const name = { name: 'ECDSA', namedCurve: 'P-384' }
  const key = await crypto.subtle.importKey('jwk', input.key, name, false, ['sign'])
  const change = (header, claims) => { header.typ = 'JWT'; claims.aud = input.token_endpoint }
  return oidc.PrivateKeyJwt({ key, kid: input.key.kid }, input.as_it_is ? undefined : { [oidc.modifyAssertion]: change })
}

const methods = {
  none: () => oidc.None(),
  client_secret_basic: () => oidc.ClientSecretBasic(input.secret),
  client_secret_post: () => oidc.ClientSecretPost(input.secret),
  private_key_jwt: keyAuthentication,
}

async function configuration() {
  const server = new URL(input.issuer)
  if (input.register) {
    return oidc.dynamicClientRegistration(server, input.register, undefined, options)
  }
  return oidc.discovery(server, input.client_id, undefined, await methods[input.method ?? 'none'](), options)
}

// Acts as the browser for an app with auto_approve: follows one redirect, after a GET or a form.
async function authorize(url) {
  const form = { method: 'POST', body: url.searchParams }
  const request = input.post ? [new URL(url.pathname, url), form] : [url, {}]
  const answer = await fetch(request[0], { redirect: 'manual', ...request[1] })
  const location = answer.headers.get('location')
  if (!location) throw new Error(`no redirect but ${answer.status}: ${await answer.text()}`)
  return new URL(location)
}

// The request for a real browser. The app runs again with the URL it came back with, and with these checks.
async function authorizationRequest(config) {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), idTokenExpected: true }
  const parameters = {
    redirect_uri: input.redirect_uri, scope: input.scope, aud: input.aud, state: checks.expectedState,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256',
    ...(input.launch ? { launch: input.launch } : {}),
  }
  checks.expectedNonce = parameters.nonce = oidc.randomNonce()
  return { url: oidc.buildAuthorizationUrl(config, parameters), checks }
}

async function signIn(config) {
  const begin = input.back ? { checks: input.checks } : await authorizationRequest(config)
  const back = input.back ? new URL(input.back) : await authorize(begin.url)
  const tokens = await oidc.authorizationCodeGrant(config, back, begin.checks)
  output.claims = tokens.claims()
  return tokens
}

const steps = {
  refresh: async (config) => {
    output.refreshed = await oidc.refreshTokenGrant(config, output.tokens.refresh_token)
  },
  userinfo: async (config) => {
    output.userinfo = await oidc.fetchUserInfo(config, output.tokens.access_token, output.claims.sub)
  },
  introspect: async (config) => {
    output.introspected ??= []
    output.introspected.push(await oidc.tokenIntrospection(config, (output.refreshed ?? output.tokens).access_token))
  },
  revoke: async (config) => {
    const latest = output.refreshed ?? output.tokens
    await oidc.tokenRevocation(config, latest.refresh_token ?? latest.access_token)
  },
  end: async (config) => {
    const parameters = { id_token_hint: output.tokens.id_token, post_logout_redirect_uri: input.bye }
    output.end = oidc.buildEndSessionUrl(config, parameters)
  },
  read: async (config) => {
    const address = new URL(input.read)
    const answer = await oidc.fetchProtectedResource(config, output.tokens.access_token, address, 'GET')
    output.read = { status: answer.status, body: await answer.json() }
  },
}

const config = await configuration()
output.server = config.serverMetadata()
output.client = config.clientMetadata()
if (input.grant === 'client_credentials') {
  output.tokens = await oidc.clientCredentialsGrant(config, { scope: input.scope })
} else if (input.begin) {
  Object.assign(output, await authorizationRequest(config))
} else if (input.scope) {
  output.tokens = await signIn(config)
}
for (const step of input.steps ?? []) await steps[step](config)
console.log(JSON.stringify(output))
