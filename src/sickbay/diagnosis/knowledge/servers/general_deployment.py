"""Symptoms of where an app runs: it works on one machine and not on another, or a server can't be reached from it."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases
from sickbay.diagnosis.knowledge.servers.phrases import DEPLOYED, LOCAL, LOGIN, NOT_WORKING

RFC6749 = "https://www.rfc-editor.org/rfc/rfc6749"

ERRORS = (
    KnownError(
        id="general-container-issuer",
        is_general=True,
        text=(
            ("docker", "container", "compose", "kubernetes", "k8s", "ingress", "minikube"),
            (
                *status_phrases(401),
                "unauthorized",
                "iss claim",
                "issuer",
                "invalid token",
                "invalid_token",
                "token is not active",
            ),
            ("localhost", "127.0.0.1", "host.docker", "container name", "service name", "hostname", "locally", "issuer-uri"),
        ),
        title=("iss: in containers, the issuer in the token (localhost) isn't the issuer that the service is configured with"),
        why=(
            "The identity server writes the host name of the request into iss. The browser calls it localhost, "
            "the service in the "
            "container calls it by its service name, and the two issuers must be equal."
        ),
        causes=(
            Cause(
                "The token was requested at another host name than the configured issuer-uri.",
                "Decode the token: compare iss with the service's issuer setting.",
                "Give the identity server one fixed public host name that works inside and outside (Keycloak: "
                "KC_HOSTNAME), and "
                "use the same issuer everywhere.",
            ),
            Cause(
                "The service can't reach the issuer by that name.",
                "curl inside the container to ISSUER/.well-known/openid-configuration fails.",
                "Map the name in the network (extra_hosts), or set jwk-set-uri to the internal address and issuer-uri to iss.",
            ),
        ),
        source="https://www.keycloak.org/server/hostname",
        confidence="documented",
    ),
    KnownError(
        id="general-works-locally",
        is_general=True,
        text=(LOCAL, DEPLOYED, LOGIN, NOT_WORKING),
        title="It works locally but not deployed: the public address, secrets or time of the server differ",
        why="The code is the same, so a value that depends on the environment is the cause.",
        causes=(
            Cause(
                "The redirect URI is built from another address: http behind a proxy, an internal host, or one "
                "that isn't registered.",
                "redirect_uri in the browser's address bar at the login.",
                "Register exactly the deployed redirect URI, and let the app trust X-Forwarded-Proto and X-Forwarded-Host.",
            ),
            Cause(
                "A client_id, secret or key is missing or another one in this environment.",
                "Log their length at the start; look for quotes and line breaks.",
                "Set the same secret in the environment, without quotes or line breaks.",
            ),
            Cause(
                "Session cookies are lost: several instances, Secure or SameSite, another domain.",
                "The callback has no session cookie.",
                "Use a shared session store and a fixed secret key, and trust the proxy.",
            ),
            Cause(
                "The server can't reach the provider, or its clock is wrong.",
                "curl on the server; date.",
                "Allow outgoing https, and synchronise the clock with NTP.",
            ),
        ),
        source=f"{RFC6749}#section-3.1.2",
        confidence="inferred",
    ),
    KnownError(
        id="general-fhir-unreachable",
        is_general=True,
        text=(
            (
                "could not establish communication with the fhir server",
                "could not connect to the fhir server",
                "unable to connect to the fhir server",
                "cannot connect to the fhir server",
                "can't connect to the fhir server",
                "failed to connect to the fhir server",
                "could not reach the fhir server",
                "unable to reach the fhir server",
                "failed to call fhir service",
                "error connecting to the fhir server",
                "fhir server is not reachable",
                "fhir server not reachable",
                "connection to the fhir server failed",
                "error loading capability statement",
                "failed to fetch capabilitystatement",
                "unable to fetch the conformance",
                "unable to fetch conformance",
                "could not fetch the conformance",
            ),
        ),
        title=(
            "The app gets no usable response from the FHIR server: blocked by the browser, unreachable, or not a FHIR base URL"
        ),
        why=(
            "An https page may not request an http address (mixed content), and a server of another origin has "
            "to allow the "
            "request by CORS. The browser's console says which of them it is."
        ),
        causes=(
            Cause(
                "The page is https and the FHIR server is http.",
                "The console says Mixed Content.",
                "Serve the FHIR server over https, or open the app over http during development.",
            ),
            Cause(
                "The server doesn't allow the app's origin by CORS.",
                "The console says CORS or Access-Control-Allow-Origin.",
                "Allow the origin at the FHIR server, or call it from your own server (proxy).",
            ),
            Cause(
                "The address isn't the FHIR base URL, or isn't reachable from this network.",
                "Open the address followed by /metadata in a browser.",
                "Use the base URL whose /metadata is a CapabilityStatement.",
            ),
        ),
        source="https://github.com/LHNCBC/lforms-fhir-app/issues/1",
        confidence="observed",
    ),
    KnownError(
        id="redirect-uri-of-proxied-app",
        is_evident=True,
        text=(
            (
                "redirect_uri_mismatch",
                "redirect uri in the request",
                "aadsts50011",
                "invalid redirect_uri",
                "invalid redirect uri",
            ),
            (
                "proxypass",
                "proxy_pass",
                "haproxy",
                "reverse proxy",
                "reverse-proxy",
                "behind apache",
                "behind nginx",
                "behind traefik",
                "behind caddy",
                "load balancer",
                "ssl offloading",
                "tls termination",
                "does the tls",
                "itself sees http",
            ),
        ),
        without=("x-forwarded-proto https", 'x-forwarded-proto "https"', "x-forwarded-proto $scheme", "'http://localhost"),
        captures=(r"(?i:redirect uri in the request,? |redirect uri ['\"])(?P<redirect_uri>http://[^\s'\",]+)",),
        title="`redirect_uri`: behind the proxy the app builds it with http or an inner host: {redirect_uri}",
        why="The proxy ends TLS and calls the app by http. Unless it says so, the app takes that for its own address."
        " Registering the http address would be no remedy.",
        causes=(
            Cause(
                "The proxy doesn't send X-Forwarded-Proto, or not with https.",
                "Apache needs RequestHeader set, nginx needs proxy_set_header.",
                'Send it: RequestHeader set X-Forwarded-Proto "https", proxy_set_header X-Forwarded-Proto $scheme.',
            ),
            Cause(
                "The app doesn't trust the header, or has no public base URL.",
                "The app gets the header, and still builds http.",
                "Trust the proxy in the framework (uvicorn --proxy-headers), or set the public https URL.",
            ),
            Cause(
                "The https address isn't registered.",
                "The message shows an https address.",
                "Register exactly that address.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-Proto",
        confidence="documented",
    ),
)
