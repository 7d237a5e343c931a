// Runs npm oidc-provider as the benchmark's peer: one process, in memory, with the PKCE flow and client_credentials.
// Usage: node bench/peer.mjs KEY. KEY is the public key, as a JWK, of a service that signs with ES384. Prints its port.
// The package's own adapter stores only 1,000 entries and then drops sessions, so this file has one without a limit.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const entries = new Map();
const families = new Map();

class MemoryAdapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    entries.set(this.key(id), payload);
    if (payload.uid && this.model === "Session") entries.set(`uid:${payload.uid}`, id);
    if (payload.grantId) {
      if (!families.has(payload.grantId)) families.set(payload.grantId, new Set());
      families.get(payload.grantId).add(this.key(id));
    }
  }

  async find(id) {
    return entries.get(this.key(id));
  }

  async findByUid(uid) {
    return this.find(entries.get(`uid:${uid}`));
  }

  async consume(id) {
    entries.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    entries.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const key of families.get(grantId) ?? []) entries.delete(key);
    families.delete(grantId);
  }
}

const HERE = "http://localhost:8100/callback";
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const server = createServer().listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const provider = new Provider(`http://localhost:${port}`, {
    adapter: MemoryAdapter,
    clients: [
      { client_id: "public", token_endpoint_auth_method: "none", redirect_uris: [HERE] },
      ...Array.from({ length: 32 }, (_, number) => ({ client_id: `service-${number}`, client_secret: "secret-of-the-service-in-the-benchmark", redirect_uris: [],
        response_types: [], grant_types: ["client_credentials"], token_endpoint_auth_method: "client_secret_basic" })),
      { client_id: "keyed", jwks: { keys: [JSON.parse(process.argv[2])] }, redirect_uris: [], response_types: [],
        grant_types: ["client_credentials"], token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES384" },
    ],
    enabledJWA: { clientAuthSigningAlgValues: ["RS384", "ES384"] },
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "only" }] },
    cookies: { keys: ["a key of the benchmark"] },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: true } },
  });
  server.on("request", provider.callback());
  console.log(port);
});
