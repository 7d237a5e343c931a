// Creates the key pair of the service: private-key.pem stays here, jwks.json is registered at the EHR.
import { createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
const jwk = createPublicKey(privateKey).export({ format: "jwk" });
writeFileSync("private-key.pem", privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
writeFileSync("jwks.json", JSON.stringify({ keys: [{ ...jwk, kid: randomUUID(), alg: "ES384", use: "sig" }] }, null, 2));
console.log("Wrote private-key.pem and jwks.json.");
