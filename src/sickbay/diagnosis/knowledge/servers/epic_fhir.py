"""Epic: refusals of the FHIR server. Epic numbers its messages: the code is in issue.details.coding."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

SPECIFICATIONS = "https://fhir.epic.com/Specifications"
TROUBLESHOOTING = "https://fhir.epic.com/Documentation?docId=troubleshooting"
APPS = "fhir.epic.com: Build Apps, then your app, Incoming APIs."
NAMED = MARKS["epic"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="epic-code-or-category",
        servers=("epic",),
        text=(("must have either code or category", "requires a category for searching"),),
        title="category: Epic requires category or code in a search of Observation",
        why="Epic serves each category from a different API, so it can't route a search without category or code.",
        causes=(
            Cause(
                "The search has only patient.",
                "The URL has neither category= nor code=.",
                "Add category, for example Observation?patient={id}&category=laboratory or category=vital-signs.",
            ),
            Cause(
                "The API of this category isn't selected for the app.",
                "The search with category answers 403.",
                "Add the API, such as Observation.Search (Labs), to the app.",
            ),
        ),
        where=APPS,
        source=SPECIFICATIONS,
        confidence="documented",
    ),
    KnownError(
        id="epic-patient-search-demographics",
        servers=("epic",),
        text=(
            ("59159", "demographics or _id", "patient?patient=", "not enough demographics", "requires a demographics search"),
        ),
        title="Patient search: Epic needs _id, an identifier or enough demographics",
        why="Epic finds a patient only by ID, by identifier, or by a set such as family, given and birthdate. "
        "Patient has no search parameter patient.",
        causes=(
            Cause(
                "The search has no usable parameter.",
                "The URL has neither _id nor identifier, nor family with given and birthdate.",
                "Read GET Patient/{id}, or search with family, given and birthdate.",
            ),
        ),
        source=SPECIFICATIONS,
        confidence="observed",
    ),
    KnownError(
        id="epic-parameter",
        servers=("epic",),
        text=(
            ("operationoutcome", "1.2.840.114350", "issue"),
            (
                '"4100"',
                '"4110"',
                '"4111"',
                '"4112"',
                '"4115"',
                '"59108"',
                "parameter is not valid",
                "a required element is missing",
                "required search parameter",
            ),
        ),
        title="Epic refuses the search: a parameter is missing, not valid or not allowed in this combination",
        why="Epic's message codes: 4111 a required parameter is missing, 4112 the combination isn't allowed, 4115 and 4100 "
        "a value isn't valid, 4110 there is no parameter.",
        causes=(
            Cause(
                "The search lacks patient, which most types require.",
                "The URL has no patient=.",
                "Send patient={id} of the token response.",
            ),
            Cause(
                "A value has the wrong format.",
                "issue.diagnostics or location names the parameter.",
                "Correct the value, for example dates as YYYY-MM-DD.",
            ),
            Cause(
                "The search mixes parameters that exclude each other.",
                "The page of this API lists the combinations.",
                "Use a documented combination.",
            ),
        ),
        source=SPECIFICATIONS,
        confidence="documented",
    ),
    KnownError(
        id="epic-resource-id",
        servers=("epic",),
        text=(
            ("operationoutcome", "1.2.840.114350", "issue"),
            ('"4102"', '"4103"', '"4107"', '"59008"', "resource id provided is not valid", "invalid fhir id"),
        ),
        title="id: Epic knows no resource with this ID, or it was deleted or merged",
        why="Epic's IDs differ for each environment and FHIR version. An ID of DSTU2 isn't valid for R4.",
        causes=(
            Cause(
                "The ID is from another environment or version.",
                "It was stored earlier, or comes from __epic.dstu2.patient.",
                "Use the patient of the token response or an ID from a search in this environment.",
            ),
            Cause(
                "The patient was merged (4107) or deleted (4103).",
                "The code says which.",
                "Search for the patient again.",
            ),
        ),
        source=TROUBLESHOOTING,
        confidence="documented",
    ),
    KnownError(
        id="epic-user-not-authorized",
        servers=("epic",),
        text=(
            ("operationoutcome", "1.2.840.114350", "issue"),
            ('"4118"', '"59204"', '"4130"', '"4131"', "user not authorized", "break-the-glass", "break the glass"),
        ),
        title="Epic's user isn't allowed to see this record",
        why="Besides the app's scopes, the security of the signed-in user or of the background user applies: 4118 not "
        "authorized, 4130 break-the-glass, 4131 restricted patient.",
        causes=(
            Cause(
                "The user lacks the security point for this data.",
                "Another user sees it.",
                "Ask the organization's Epic administrator to extend the user's security.",
            ),
            Cause(
                "The patient is restricted or protected by break-the-glass.",
                "The code is 4130 or 4131.",
                "Open the chart in Hyperspace first, or use another patient.",
            ),
        ),
        source=TROUBLESHOOTING,
        confidence="documented",
    ),
    KnownError(
        id="epic-too-many-results",
        servers=("epic",),
        text=(("operationoutcome", "1.2.840.114350", "issue"), ('"4127"', '"4113"', "sessionid="), ("4127", "4113")),
        title="Epic stopped the search: too many results, or the paging session has expired",
        why="4127: a search found more than 100 patients. 4113: the link to the next page is valid only for some minutes.",
        causes=(
            Cause(
                "The search is too broad.",
                "The code is 4127.",
                "Add parameters such as birthdate.",
            ),
            Cause(
                "The next link was followed too late.",
                "The code is 4113.",
                "Follow next links at once and repeat the search if a link has expired.",
            ),
        ),
        source=TROUBLESHOOTING,
        confidence="documented",
    ),
    KnownError(
        id="epic-forbidden",
        servers=("epic",),
        codes=("403", "insufficient_scope", "forbidden"),
        title="403: Epic refuses this API for the app or for the user",
        why="Usually the API isn't among those that are selected for the app, so the token has no scope for it.",
        causes=(
            Cause(
                "The API isn't selected for the app, or the selection isn't synced yet.",
                "Look at scope in the token response: the type is missing.",
                "Add the API (for example Observation.Read (Labs) (R4)) to the app, save it, wait, and authorize again.",
            ),
            Cause(
                "The scope was selected for another FHIR version.",
                "The app has the DSTU2 API and the request goes to R4.",
                "Select the R4 API.",
            ),
            Cause(
                "The user may not see this data.",
                "The OperationOutcome has the code 4118.",
                "Use a user with the right security.",
            ),
        ),
        where=APPS,
        source=TROUBLESHOOTING,
        confidence="observed",
    ),
    KnownError(
        id="epic-unauthorized",
        servers=("epic",),
        codes=("401", "invalid_token"),
        title="401: Epic's FHIR server got no access token that it accepts",
        why="The token is missing, has expired, or belongs to another organization's server.",
        causes=(
            Cause(
                "The token has expired; it is valid for about an hour.",
                "Compare expires_in with the time since the token response.",
                "Refresh the access token, or authorize again.",
            ),
            Cause(
                "The Authorization header isn't Bearer and the token.",
                "Look at the request in the network tab.",
                "Send Authorization: Bearer followed by the access token.",
            ),
            Cause(
                "The token is from another organization or from the sandbox.",
                "Compare the hosts of the token endpoint and of this request.",
                "Request a token with this FHIR base URL as aud.",
            ),
        ),
        source=TROUBLESHOOTING,
        confidence="observed",
    ),
    KnownError(
        id="epic-bad-map-target",
        servers=("epic",),
        text=(("invalid-map-target",),),
        title="400 INVALID-MAP-TARGET: a gateway in front of Epic has no target for this address",
        why="The page comes from the organization's reverse proxy and not from the FHIR server: it doesn't map this path.",
        causes=(
            Cause(
                "The base URL or the patient ID isn't one of this organization.",
                "{base URL}/metadata gives the same page.",
                "Take the base URL from Epic's list of endpoints and read the patient of the token response.",
            ),
            Cause(
                "The gateway refuses requests from your network or without a browser's headers.",
                "The same URL works from another network.",
                "Ask the organization which callers its gateway allows.",
            ),
        ),
        where="open.epic.com: Endpoints.",
        source="https://github.com/fastenhealth/fasten-onprem/issues/366",
        confidence="inferred",
    ),
    KnownError(
        id="epic-xml-answer",
        servers=("epic",),
        text=(
            NAMED,
            ("unexpected token <", "unexpected token '<'", "<bundle xmlns", "returns xml", "xml instead of json"),
        ),
        title="Accept header: Epic answers in XML unless the request asks for JSON",
        why="XML is Epic's default if there is no Accept header. A JSON parser then fails at the first character.",
        causes=(
            Cause(
                "The request has no Accept header.",
                "The response starts with <.",
                "Send Accept: application/fhir+json.",
            ),
            Cause(
                "The answer is an HTML page of a proxy, because the path is wrong.",
                "The response contains <html.",
                "Check the base URL with {base URL}/metadata.",
            ),
        ),
        source=TROUBLESHOOTING,
        confidence="observed",
    ),
    KnownError(
        id="epic-cors",
        servers=("epic",),
        text=(
            NAMED,
            ("blocked by cors", "cors error", "cors policy", "access-control-allow-origin"),
        ),
        title="CORS: this Epic server doesn't allow requests from your page's origin",
        why="CORS is a setting of each organization's web server. fhir.epic.com allows it, others may not.",
        causes=(
            Cause(
                "The organization's server sends no Access-Control-Allow-Origin for this endpoint.",
                "The same request with curl works.",
                "Send the request from a backend, or ask the organization to allow your origin.",
            ),
            Cause(
                "The real answer is an error page without CORS headers.",
                "curl shows 401, 404 or 500.",
                "Fix the error that curl shows.",
            ),
        ),
        source=TROUBLESHOOTING,
        confidence="inferred",
    ),
    KnownError(
        id="epic-not-found",
        servers=("epic",),
        codes=("404", "500"),
        title="404 or 500: the address isn't served by this Epic server",
        why="Usually the FHIR version or the path in the URL is wrong, or the URL is too long. Unknown types get an HTML page.",
        causes=(
            Cause(
                "The base URL isn't that of this organization and version.",
                "{base URL}/metadata answers 404 too.",
                "Copy the base URL from Epic's list of endpoints; it ends with /api/FHIR/R4.",
            ),
            Cause(
                "The resource doesn't exist in this FHIR version, such as MedicationOrder in R4.",
                "The CapabilityStatement doesn't list it.",
                "Use the type of this version, such as MedicationRequest.",
            ),
            Cause(
                "The authorization URL is too long.",
                "It has more than 2,000 characters.",
                "Request fewer scopes, or send the authorization request by POST.",
            ),
        ),
        where="open.epic.com: Endpoints.",
        source=TROUBLESHOOTING,
        confidence="observed",
    ),
    KnownError(
        id="epic-bad-request",
        servers=("epic",),
        codes=("400", "required", "422"),
        title="400: Epic can't process this search or body",
        why="Most often a required search parameter is missing. The OperationOutcome's diagnostics names it.",
        causes=(
            Cause(
                "The search lacks patient, category or code.",
                "Compare it with the page of this API.",
                "Send patient={id}, and category for Observation, Condition or DocumentReference.",
            ),
            Cause(
                "A value has the wrong format.",
                "diagnostics names the parameter.",
                "Correct the value.",
            ),
            Cause(
                "The body lacks an element that Epic requires.",
                "The code is 59108.",
                "Add the element as in Epic's example.",
            ),
        ),
        source=SPECIFICATIONS,
        confidence="inferred",
    ),
)
