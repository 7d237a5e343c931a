"""Formats: Content-Type, Accept and patches that FHIR servers refuse."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases

ERRORS = (
    KnownError(
        id="fhir-unsupported-media-type",
        text=(("unsupported media type", "unsupported_media_type", *status_phrases(415)),),
        without=("grant_type", "/token"),
        title="415: the server doesn't read the Content-Type of the request",
        why="A FHIR server reads application/fhir+json or application/fhir+xml; a patch needs application/json-patch+json. curl"
        " sends a form type by default.",
        causes=(
            Cause(
                "Content-Type is missing, a form, or plain text.",
                "curl -v shows it.",
                "Send Content-Type: application/fhir+json.",
            ),
            Cause(
                "PATCH is sent with application/json.",
                "The method is PATCH, and the body is a list of operations.",
                "Send Content-Type: application/json-patch+json.",
            ),
            Cause(
                "The type is that of another FHIR version.",
                "It says application/json+fhir at an R4 server.",
                "Use application/fhir+json.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#mime-type",
        confidence="documented",
    ),
    KnownError(
        id="fhir-not-acceptable",
        text=(("406 not acceptable", "(notacceptable)", "status notacceptable", "not acceptable", *status_phrases(406)),),
        title="406: the server doesn't offer the format that the Accept header asks for",
        why="FHIR's type is application/fhir+json, and application/json+fhir in DSTU2. A strict server refuses others.",
        causes=(
            Cause(
                "The Accept header asks for another type or for that of another FHIR version.",
                "curl -v shows the header.",
                "Send Accept: application/fhir+json (DSTU2: application/json+fhir).",
            ),
            Cause(
                "_format has + without encoding, which becomes a space.",
                "The URL has _format=application/fhir+json.",
                "Write _format=json.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#mime-type",
        confidence="documented",
    ),
    KnownError(
        id="fhir-patch-path",
        text=(
            ("invalid json patch", "json patch", "jsonpatch", "patch operation", '"op":', "patch document", "patch failed"),
            (
                "no such path",
                "does not exist",
                "not found",
                "invalid",
                "failed",
                "not supported",
                "missing field",
                '"path": "/patient-status"',
                "unresolvable",
                "out of bounds",
                "business-rule",
            ),
        ),
        captures=(r"\"path\":\s*\"(?P<value>/[\w/.-]+)\"",),
        title="The patch names a path that doesn't exist in the resource ({value})",
        why="A JSON Patch path goes through the JSON members and list positions of the stored resource, such as"
        " /participant/0/status.",
        causes=(
            Cause(
                "The path isn't an element of the resource.",
                "GET the resource and follow the path.",
                "Use the path of an element, such as /participant/0/status of an Appointment, and test its position first.",
            ),
            Cause(
                "replace needs an existing value.",
                "The member is missing in the stored resource.",
                'Use "op": "add".',
            ),
            Cause(
                "The server allows patches of certain paths only.",
                "The vendor's documentation lists them.",
                "Use only those.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#patch",
        confidence="documented",
    ),
    KnownError(
        id="fhir-accept-dstu2",
        text=(("406 not acceptable", *status_phrases(406)), ("fhir+json", "json+fhir", "mime", "accept")),
        title="406: the server doesn't offer the format in the Accept header",
        why="FHIR's media type is application/fhir+json since STU3 and application/json+fhir in DSTU2. A strict server"
        " accepts only"
        " that of its version.",
        causes=(
            Cause(
                "The Accept header has the media type of another FHIR version.",
                "The header says application/json+fhir at an R4 server, or fhir+json at a DSTU2 server.",
                "Send Accept: application/fhir+json (R4), or application/json+fhir for DSTU2.",
            ),
            Cause(
                "The client sends text/html, */* or nothing, and the server requires a FHIR type.",
                "curl -v shows the header.",
                "Send Accept: application/fhir+json.",
            ),
            Cause(
                "_format names a type that the server doesn't know, or + in it became a space.",
                "The URL has _format=application/fhir+json.",
                "Write _format=json, or encode + as %2B.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-py/issues/111",
        confidence="documented",
    ),
    KnownError(
        id="fhir-content-type-missing",
        text=(
            (
                "no content-type header was provided",
                "incorrect content-type header value",
                'the "content-type" header is required',
                "a fhir content-type is required",
                'value supplied for the "content-type" header',
                'value supplied for the "accept" header',
                '"_format" parameter is not supported',
                "content-type header is missing",
            ),
        ),
        captures=(r"header value of \"?(?P<value>[\w/+.-]+)",),
        title="Content-Type or Accept isn't a FHIR type",
        why="A body is read only with Content-Type: application/fhir+json or application/fhir+xml. curl -d sends a form type"
        " unless a header says otherwise.",
        causes=(
            Cause(
                "The header is missing or a form type.",
                "curl -v shows the header that is sent.",
                "Send Content-Type: application/fhir+json and Accept: application/fhir+json.",
            ),
            Cause(
                "The library sets its own type for the body.",
                "The code sets json= or a form object.",
                "Pass the header explicitly, and the body as JSON text.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#mime-type",
        confidence="documented",
    ),
    KnownError(
        id="fhir-version-differs",
        text=(
            (
                "indicating that it supports fhir version",
                "failed to retrieve the server metadata statement",
                "this name is not known in fhir version",
                "unknown resource name",
                "failed to parse response from server when performing",
                "this context is for fhir version",
                "fhir version mismatch",
                "wrong fhir version",
                "unsupported fhir version",
            ),
            ("version", "metadata", "parse", "dstu", "r4", "stu3"),
        ),
        without=(
            "failed to parse database resource",
            '"resourcetype": "capabilitystatement"',
            '"resourcetype":"capabilitystatement"',
        ),
        captures=(r"url used was (?P<value>\S+)",),
        title="The FHIR version of client and server differ, or the client didn't get FHIR from the server",
        why="HAPI's client reads /metadata first and compares fhirVersion with its FhirContext. HTML, a login page or another"
        " version can't be parsed.",
        causes=(
            Cause(
                "The FhirContext (or library) is for another version than the server.",
                "fhirVersion in /metadata: 1.0.2 is DSTU2, 3.0.x is STU3, 4.0.1 is R4.",
                "Use FhirContext.forR4() for 4.0.1, forDstu3() for 3.0.x, or the base URL of the right version.",
            ),
            Cause(
                "The base URL is wrong or needs a token, so that no CapabilityStatement comes back.",
                "Open base + /metadata.",
                "Correct the base URL; or set ServerValidationModeEnum.NEVER if metadata isn't public.",
            ),
        ),
        source="https://hapifhir.io/hapi-fhir/docs/client/client_configuration.html",
        confidence="documented",
    ),
)
