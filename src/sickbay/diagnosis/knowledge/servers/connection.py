"""Connections that fail before any HTTP response: certificates, names, ports and timeouts, as clients report them."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

HOST = r"https?://(?P<value>[\w.:-]+)"

ERRORS = (
    KnownError(
        id="connection-cleartext",
        text=(
            (
                "cleartext http traffic",
                "cleartext communication to",
                "cleartext communication not permitted",
                "err_cleartext_not_permitted",
                "app transport security",
                "requires the use of a secure connection",
                "only https connections are permitted",
            ),
        ),
        captures=(HOST,),
        title="The phone's operating system forbids http: the address needs https",
        why="Android 9 and newer and iOS (App Transport Security) allow only https; AppAuth does so too.",
        causes=(
            Cause(
                "The address of the server begins with http://.",
                "Search the configuration and the discovery document for http://.",
                "Use https://.",
            ),
            Cause(
                "It is a test server on your own network without a certificate.",
                "The host is an IP address, 10.0.2.2 or localhost.",
                "Allow it for debug builds only: networkSecurityConfig on Android, NSExceptionDomains on iOS.",
            ),
        ),
        source="https://developer.android.com/privacy-and-security/security-config",
        confidence="documented",
    ),
    KnownError(
        id="connection-https-required",
        text=(
            (
                "insecure_transport",
                "insecuretransport",
                "must utilize https",
                "only requests to https are allowed",
                "oauth_http_request_forbidden",
                "requirehttpsmetadata",
                "must use https unless disabled for development",
                "https required",
                "requires https",
            ),
        ),
        title="The client library accepts only https addresses, and the redirect or endpoint URL that it got is http",
        why="OAuth requires TLS. Behind a proxy, the app often sees its own URL as http because the proxy ended TLS.",
        causes=(
            Cause(
                "The app runs behind a proxy that ends TLS, so request.url begins with http://.",
                "The browser shows https, but the app logs http.",
                "Send X-Forwarded-Proto from the proxy and trust it in the app: ProxyFix in Flask, SECURE_PROXY_SSL_HEADER in"
                " Django.",
            ),
            Cause(
                "It is a test on your own machine with http://localhost.",
                "The callback URL begins with http://localhost or http://127.0.0.1.",
                "Allow http while you develop: OAUTHLIB_INSECURE_TRANSPORT=1 (requests-oauthlib), AUTHLIB_INSECURE_TRANSPORT=1"
                " (Authlib), allowInsecureRequests (openid-client).",
            ),
            Cause(
                "The environment variable isn't passed on to the process.",
                "The error stays although the variable is set in your shell; sudo drops variables.",
                "Set it in the code with os.environ before the import, or use sudo -E.",
            ),
        ),
        source="https://github.com/requests/requests-oauthlib/issues/524",
        confidence="documented",
    ),
    KnownError(
        id="connection-refused",
        text=(
            (
                "econnrefused",
                "err_connection_refused",
                "connection refused",
                "actively refused it",
                "connectexception",
                "failed to connect to localhost",
                "max retries exceeded with url",
            ),
        ),
        captures=(r"(?:connect|connect to|host=')\s*(?P<value>[\w.:-]+:\d+)", HOST),
        title="Nothing responds at {value}: the connection was refused",
        why="No process listens at that host and port, as seen from where the client runs.",
        causes=(
            Cause(
                "The client runs in a container, where localhost is the container itself.",
                "The address is localhost or 127.0.0.1, and the app runs in Docker or Kubernetes.",
                "Use the name of the service, or host.docker.internal, and let the issuer have the same name for browser and"
                " app.",
            ),
            Cause(
                "The server isn't running, or listens on another port.",
                "curl of the address from the same machine fails too.",
                "Start the server, or correct the port.",
            ),
            Cause(
                "An Android emulator calls localhost, which is the emulator.",
                "The app runs in the emulator.",
                "Use 10.0.2.2 instead of localhost, or adb reverse.",
            ),
        ),
        source="https://docs.docker.com/desktop/features/networking/",
        confidence="inferred",
    ),
    KnownError(
        id="connection-name-unknown",
        text=(
            (
                "enotfound",
                "getaddrinfo failed",
                "getaddrinfo enotfound",
                "temporary failure in name resolution",
                "name resolution failure",
                "name does not resolve",
                "err_name_not_resolved",
                "could not resolve host",
                "unknownhostexception",
                "name or service not known",
                "nodename nor servname",
                "no such host",
                "eai_again",
                "unable to resolve host",
            ),
        ),
        captures=(r"(?:enotfound|eai_again|resolve host:?|unknownhostexception:|lookup) (?P<value>[\w.-]+)",),
        title="The host name {value} can't be resolved",
        why="DNS knows no address for the name, as seen from where the client runs.",
        causes=(
            Cause(
                "The name in the URL is misspelt or has a placeholder.",
                "nslookup of the name fails on your machine too.",
                "Correct the host in the URL.",
            ),
            Cause(
                "The name exists only inside a network: a VPN, or the containers' network.",
                "It resolves on another machine or in another container.",
                "Connect to that network, or use the public name.",
            ),
            Cause(
                "A retired sandbox: its host was switched off.",
                "The documentation names another host.",
                "Take the current FHIR base URL from the vendor's documentation.",
            ),
        ),
        source="https://nodejs.org/api/errors.html#common-system-errors",
        confidence="inferred",
    ),
    KnownError(
        id="connection-timeout",
        text=(
            (
                "etimedout",
                "connect timed out",
                "operation timed out",
                "connection timed out",
                "timeouterror(",
                "err_connection_timed_out",
                "read timed out",
                "connecttimeout",
                "readtimeout",
                "sockettimeoutexception",
                "econnaborted",
                "outgoing request timed out",
                "err_timed_out",
                "und_err_connect_timeout",
                "context deadline exceeded",
                "request timed out",
            ),
        ),
        captures=(HOST,),
        title="The server didn't answer in time",
        why="A firewall drops the packets, or the server needs longer than the client waits. openid-client waits only 3.5"
        " seconds.",
        causes=(
            Cause(
                "A firewall or the missing proxy setting blocks the way.",
                "curl -v from the same machine hangs at 'Trying'.",
                "Allow outgoing connections to the host, or set HTTPS_PROXY for the client.",
            ),
            Cause(
                "The server is slow, such as at a first request or a large search.",
                "curl answers after more seconds than the client's timeout.",
                "Raise the client's timeout (openid-client: custom.setHttpOptionsDefaults({ timeout: 10000 })), or ask for"
                " less by _count.",
            ),
            Cause(
                "Node prefers an IPv6 address that isn't reachable.",
                "curl -4 works and curl -6 hangs.",
                "Start Node with --dns-result-order=ipv4first.",
            ),
        ),
        source="https://github.com/nextauthjs/next-auth/issues/3920",
        confidence="observed",
    ),
    KnownError(
        id="connection-reset",
        text=(
            (
                "econnreset",
                "socket hang up",
                "err_connection_reset",
                "connection reset by peer",
                "remote end closed connection without response",
                "unexpected end of file from server",
                "err_empty_response",
                "client network socket disconnected",
            ),
        ),
        captures=(HOST,),
        title="The server or a proxy closed the connection before it answered",
        why="The response was cut: by a firewall, by a TLS mismatch, by a crash, or because a kept-alive connection was too"
        " old.",
        causes=(
            Cause(
                "A firewall or proxy cuts connections to the host.",
                "It always fails, from this network only.",
                "Set the proxy (HTTPS_PROXY), or allow the host in the firewall.",
            ),
            Cause(
                "The scheme is wrong: http:// to a TLS port.",
                "curl with https:// works.",
                "Use https://.",
            ),
            Cause(
                "An idle connection was reused after the server had closed it.",
                "It fails sometimes, after a pause.",
                "Repeat the request once, or switch keep-alive off.",
            ),
        ),
        source="https://nodejs.org/api/errors.html#common-system-errors",
        confidence="inferred",
    ),
)
