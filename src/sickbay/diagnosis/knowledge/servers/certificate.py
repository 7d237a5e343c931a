"""Certificates and TLS: what clients report when they refuse a server."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

HOST = r"https?://(?P<value>[\w.:-]+)"

ERRORS = (
    KnownError(
        id="connection-java-pkix",
        text=(("pkix path building failed", "unable to find valid certification path", "suncertpathbuilderexception"),),
        captures=(HOST,),
        title="Java doesn't trust the certificate of {value}: PKIX path building failed",
        why="The certificate is self-signed, or signed by an authority that isn't in the truststore of the Java that runs the"
        " app,"
        " or the server doesn't send the intermediate certificate.",
        causes=(
            Cause(
                "The server has a self-signed certificate or one of a company's own authority.",
                "openssl s_client -connect host:443 -showcerts shows the issuer.",
                "Import the certificate of that authority into the truststore with keytool -importcert, or set"
                " javax.net.ssl.trustStore.",
            ),
            Cause(
                "It was imported into another Java than the one that runs the app.",
                "Compare java.home of the running process with the path of cacerts.",
                "Import it into the truststore of that Java (or Docker image), and restart.",
            ),
            Cause(
                "The server doesn't send its intermediate certificate.",
                "A browser works and openssl s_client shows only a single certificate.",
                "Configure the full chain on the server.",
            ),
            Cause(
                "A company proxy replaces certificates.",
                "The issuer is the proxy's name.",
                "Import the proxy's root certificate into the truststore.",
            ),
        ),
        source="https://github.com/thomasdarimont/keycloak-project-example/issues/59",
        confidence="observed",
    ),
    KnownError(
        id="connection-untrusted-certificate",
        text=(
            (
                "self signed certificate",
                "self-signed certificate",
                "depth_zero_self_signed_cert",
                "unable to verify the first certificate",
                "unable_to_verify_leaf_signature",
                "certificate_verify_failed",
                "certificate verify failed",
                "certificate signed by unknown authority",
                "remote certificate is invalid",
                "ssl certificate problem",
                "unable to get local issuer certificate",
                "unable_to_get_issuer_cert",
                "err_cert_authority_invalid",
                "sec_error_unknown_issuer",
                "trust anchor for certification path not found",
                "the certificate for this server is invalid",
                "could not establish trust relationship",
                "untrustedroot",
                "selfsignedcert",
                "javax.net.ssl.sslhandshakeexception",
            ),
        ),
        without=("pkix", "certificate has expired"),
        captures=(HOST,),
        title="The client doesn't trust the server's certificate",
        why="The certificate is self-signed, comes from an authority that the client doesn't know, or the server doesn't send"
        " the intermediate certificate.",
        causes=(
            Cause(
                "The server has a self-signed certificate or one of a company's own authority.",
                "openssl s_client -connect host:443 -showcerts shows the issuer.",
                "Add that authority's certificate to the client's trusted ones: NODE_EXTRA_CA_CERTS (Node), REQUESTS_CA_BUNDLE"
                " (Python), or the system's trust store.",
            ),
            Cause(
                "The server doesn't send its intermediate certificate.",
                "Browsers work, but Node, Python, Java and curl don't.",
                "Configure the full certificate chain on the server.",
            ),
            Cause(
                "A proxy of the company replaces certificates.",
                "The issuer is the proxy's name.",
                "Trust the proxy's root certificate.",
            ),
        ),
        source="https://nodejs.org/api/cli.html#node_extra_ca_certsfile",
        confidence="documented",
    ),
    KnownError(
        id="connection-certificate-name",
        text=(
            (
                "subject alternative",
                "err_tls_cert_altname_invalid",
                "hostname/ip does not match certificate",
                "certificate is valid for",
                "hostname mismatch",
                "err_cert_common_name_invalid",
                "remotecertificatenamemismatch",
                "hostname was not verified",
            ),
        ),
        captures=(HOST,),
        title="The certificate was issued for another host name than the one in the URL",
        why="The client compares the host of the URL with the names in the certificate.",
        causes=(
            Cause(
                "The URL uses an IP address, localhost or an internal name.",
                "The message lists the names that the certificate has.",
                "Call the server by a name that the certificate contains.",
            ),
            Cause(
                "The certificate lacks the name.",
                "The name is the public one that all clients use.",
                "Issue the certificate again with the name as a subject alternative name.",
            ),
        ),
        source="https://nodejs.org/api/errors.html#err_tls_cert_altname_invalid",
        confidence="documented",
    ),
    KnownError(
        id="connection-certificate-expired",
        text=(
            (
                "certificate has expired",
                "cert_has_expired",
                "err_cert_date_invalid",
                "certificate expired",
                "certificate is not yet valid",
                "certificateexpiredexception",
            ),
        ),
        captures=(HOST,),
        title="The server's certificate has expired, or the client's clock is wrong",
        why="The client's time isn't between the certificate's notBefore and notAfter.",
        causes=(
            Cause(
                "The server's certificate has expired.",
                "openssl s_client shows notAfter in the past.",
                "Renew the certificate on the server, or tell its administrator.",
            ),
            Cause(
                "An expired root is in the client's trust store or chain.",
                "Only old systems fail, new ones work.",
                "Update the client's CA certificates.",
            ),
            Cause(
                "The client's clock is wrong.",
                "date on the client differs from the real time.",
                "Set the clock by NTP.",
            ),
        ),
        source="https://datatracker.ietf.org/doc/html/rfc5280#section-4.1.2.5",
        confidence="inferred",
    ),
    KnownError(
        id="connection-tls-version",
        text=(
            (
                "handshake_failure",
                "handshake failure",
                "protocol_version",
                "ssl3_get_record",
                "wrong version number",
                "wrong_version_number",
                "record layer failure",
                "could not create ssl/tls secure channel",
                "err_ssl_protocol_error",
                "err_ssl_version_or_cipher_mismatch",
                "unsupported or unrecognized ssl message",
                "client sent an http request to an https server",
                "plain http request was sent to https port",
                "packet length too long",
            ),
        ),
        captures=(HOST,),
        title="TLS failed: the port speaks plain HTTP, or client and server have no TLS version in common",
        why="https was sent to a port that speaks http (or vice versa), or one side supports only TLS 1.0 or 1.1.",
        causes=(
            Cause(
                "The scheme doesn't match the port: https:// to an http port, or vice versa.",
                "curl http://host:port answers while curl https://host:port fails.",
                "Use the scheme that the port speaks: http:// for a local server without a certificate.",
            ),
            Cause(
                "The client supports only old TLS versions.",
                "It is an old .NET Framework, Java 7 or OpenSSL 1.0.",
                "Enable TLS 1.2 on the client (.NET: ServicePointManager.SecurityProtocol).",
            ),
            Cause(
                "The server requires a client certificate (mutual TLS).",
                "openssl s_client shows 'Acceptable client certificate CA names'.",
                "Send the client certificate that was registered.",
            ),
        ),
        source="https://datatracker.ietf.org/doc/html/rfc8446#section-6.2",
        confidence="inferred",
    ),
)
