"""Searches that FHIR servers refuse: HAPI, Firely, Microsoft, IBM (LinuxForHealth), Google, Blaze, AWS, Medplum."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="fhir-search-unknown-parameter",
        text=(
            (
                "unknown search parameter",
                "invalid search parameter",
                "unsupported search parameter",
                "search parameter is not supported",
                "does not know how to handle get operation",
                "not able to handle the request",
                "is not supported for resource type",
                "is not a valid search parameter",
                "search-param with code",
                "was not found for resource type",
                "not a known search parameter",
                "unrecognized search parameter",
                "search parameters not supported",
                "unknown parameter",
                "is not valid for resource",
                "hapi-0524",
                "hapi-0323",
                "invalid_search_parameter",
                "argument is not supported",
                "has no search parameter",
                "search parameters are not supported",
            ),
        ),
        captures=(
            r"unknown (?:search )?parameter:? [\"'\\&quot;]*(?P<parameter>[\w.:-]+)",
            r"search parameter ['\"\\]*(?P<parameter>[\w.:-]+)['\"]",
            r"code `(?P<parameter>[\w-]+)`",
            r"resource type [\"'\\&quot;]*(?P<resource>[A-Z]\w+)",
            r"with parameters? \[\[(?P<parameter>[^\]]+)\]\]",
        ),
        title="{parameter} isn't a search parameter that this server supports for {resource}",
        why="Each resource type has its own search parameters, and a server supports a part of them. The CapabilityStatement"
        " lists"
        " them below rest.resource.searchParam.",
        causes=(
            Cause(
                "The name is misspelt, in camel case, or an element instead of a parameter.",
                "FHIR parameters are in lower case with hyphens: birthdate, not birthDate.",
                "Use a name from the list in the message or in base + /metadata, and remove the unknown parameter.",
            ),
            Cause(
                "The parameter belongs to another type or FHIR version.",
                "The specification's page of the type doesn't list it.",
                "Search with a parameter of this type, such as patient or identifier.",
            ),
            Cause(
                "It is part of a profile (US Core, AU Core) whose SearchParameter isn't loaded on the server.",
                "The implementation guide defines it.",
                "Load the guide's SearchParameter resources and reindex, if it is your server.",
            ),
        ),
        source="https://github.com/hl7au/au-fhir-core-inferno/issues/101",
        confidence="documented",
    ),
    KnownError(
        id="fhir-search-include",
        text=(
            (
                "invalid _include parameter",
                "invalid _revinclude",
                "is not a valid _include",
                "is not a valid _revinclude",
                "_include parameter value",
                "_revinclude parameter value",
                "hapi-0534",
                "hapi-0499",
                "hapi-2013",
            ),
        ),
        captures=(r"value:? [\"'\\&quot;]*(?P<value>[\w:*-]+)",),
        title="_include or _revinclude has a value that the server doesn't know: {value}",
        why="The form is Type:search-parameter, or Type:search-parameter:Target; the parameter must be of type reference.",
        causes=(
            Cause(
                "The name after the colon is an element instead of a search parameter, or in camel case.",
                "The message lists the valid values.",
                "Use a value such as Observation:patient or MedicationRequest:medication; with _revinclude, the type that"
                " refers"
                " comes first.",
            ),
            Cause(
                "The server doesn't support that include for the type.",
                "searchInclude in /metadata doesn't list it.",
                "Leave it out, and read the referenced resources by a second request.",
            ),
        ),
        source="https://github.com/awslabs/fhir-works-on-aws-search-es/issues/167",
        confidence="documented",
    ),
    KnownError(
        id="fhir-search-colon-for-equals",
        text=(
            (
                "/observation?code:",
                "/patient?name:",
                "/condition?code:",
                "?code:",
                "?patient:",
                "?identifier:",
                "?subject:",
                "?name:",
            ),
        ),
        without=(
            "?code:in=",
            "?code:not=",
            "?code:text=",
            "?code:above",
            "?code:below",
            "?code:missing",
            "?code:not-in",
            ":exact=",
            ":contains=",
            ":missing=",
            ":patient.",
            ":patient=",
            ":group",
            ":of-type",
            ":identifier=",
            ":text=",
            ":practitioner",
            ":organization",
            ":device",
            ":not=",
            ":in=",
            ":code",
            ":iterate",
        ),
        title="The search uses a colon instead of =: the filter is ignored and everything comes back",
        why="name=value needs an equals sign. A colon begins a modifier, so the whole is read as an unknown parameter, which"
        " most"
        " servers ignore.",
        causes=(
            Cause(
                "The parameter and its value are separated by a colon.",
                "The link 'self' in the Bundle doesn't have the filter.",
                "Write =: for example Observation?code=50050.",
            ),
        ),
        source="https://github.com/intervention-engine/fhir/issues/128",
        confidence="documented",
    ),
    KnownError(
        id="fhir-search-ignored",
        text=(
            ("search", "filter", "parameter", "query", "_include", "_revinclude", "_sort"),
            (
                "is ignored",
                "are ignored",
                "was ignored",
                "being ignored",
                "ignores the",
                "being ignored",
                "returns all",
                "return all",
                "returning all",
                "returns everything",
                "filter of f.e.",
                "no effect",
                "is not applied",
                "not filtering",
                "doesn't filter",
                "does not filter",
                "same results",
                "random observation",
                "returns a set of 100 random",
            ),
            ("fhir", "observation", "patient", "bundle", "condition", "procedure", "organization", "provenance"),
        ),
        title="The server ignores a search parameter: it is unknown there, and servers may ignore unknown ones",
        why="By default, many servers ignore parameters that they don't know or support. The link 'self' of the Bundle shows"
        " which"
        " ones were used.",
        causes=(
            Cause(
                "The name is misspelt, or the server doesn't support the parameter.",
                "It is missing in the self link and in searchParam of /metadata.",
                "Send the header Prefer: handling=strict to get an error instead, and use a parameter that /metadata lists.",
            ),
            Cause(
                "The value or the chain isn't supported.",
                "A simpler value works.",
                "Use a direct parameter, such as patient=123 or code=system|code.",
            ),
        ),
        source="https://github.com/LinuxForHealth/FHIR/issues/1952",
        confidence="documented",
    ),
    KnownError(
        id="fhir-search-required-parameter",
        text=(
            (
                "must have either code or category",
                "requires a category for searching",
                "either code or category",
                "required search parameter",
                "must supply a patient",
                "missing required parameter",
                "mandatory search parameter",
                "at least one of the following",
                "patient or subject",
                "a patient parameter is required",
                "requires at least one search parameter",
                "missing required search parameter",
                "either the patient",
                "one of these parameters is required",
                "search parameters are required",
            ),
        ),
        without=("grant_type", "client_id", "redirect_uri", "auth response", "authorization response", "oauth"),
        title="The search needs another parameter: servers of EHRs require patient and often category or code",
        why="An EHR doesn't run an unbounded search. It requires a patient, and for Observation, Condition or"
        " DocumentReference a"
        " category or code.",
        causes=(
            Cause(
                "category (or code) is missing.",
                "The message names it.",
                "Add category=laboratory or category=vital-signs (Observation), or code=… to the search.",
            ),
            Cause(
                "patient is missing.",
                "The URL has no patient or subject.",
                "Add patient={id} with the patient of the token response.",
            ),
        ),
        source="https://hl7.org/fhir/us/core/StructureDefinition-us-core-observation-lab.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-search-parameter-expression",
        text=(
            (
                "creating the custom search parameter",
                "searchparameter.expression",
                "hapi-1112",
                "hapi-1121",
                "invalid fhirpath",
                "error in fhirpath",
            ),
        ),
        captures=(r"can't find '(?P<value>[^']+)'",),
        title="The expression of the SearchParameter isn't valid: {value}",
        why="A SearchParameter needs a FHIRPath expression whose elements exist in each type of base.",
        causes=(
            Cause(
                "The expression names an element that the type doesn't have.",
                "The message quotes the path.",
                "Correct the expression, such as .value instead of .values, check it with a FHIRPath tool, and submit the"
                " SearchParameter again.",
            ),
            Cause(
                "The extension's value isn't selected by its URL.",
                "The path goes through extension.",
                "Write extension('URL').value.",
            ),
        ),
        source="https://github.com/microsoft/fhir-server/pull/2157",
        confidence="documented",
    ),
    KnownError(
        id="fhir-post-search-not-form",
        text=(
            ("/_search",),
            (
                "--data-raw '{",
                "--data '{",
                "-d '{",
                "header 'content-type: application/json",
                "header 'content-type: application/fhir+json",
                "header 'content-type: codex",
                "-h 'content-type: application/json",
                '-h "content-type: application/json',
                "-h 'content-type: application/fhir+json",
                "json.stringify",
                "unexpected eof in prolog",
                "failed to parse xml content",
                "unsupported media type",
                "415",
            ),
        ),
        title="A search by POST needs a form body: Content-Type application/x-www-form-urlencoded",
        why="POST [base]/Type/_search reads its parameters from a form, not from JSON. A server may ignore another body and"
        " return"
        " everything, or answer 415 or a parse error.",
        causes=(
            Cause(
                "The body is JSON, or the Content-Type is missing.",
                "curl -v shows the header and body.",
                "Send Content-Type: application/x-www-form-urlencoded and the body code=119206002, or search by GET.",
            ),
            Cause(
                "Parameters stand both in the URL and in the body.",
                "The URL has a ?.",
                "Put them all into the form body.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#search",
        confidence="documented",
    ),
    KnownError(
        id="fhir-post-without-search",
        text=(
            ("post http", "post /", "--request post", "-x post"),
            ("?name=", "?_id=", "?identifier=", "?patient=", "?family=", "?code=", "?subject=", "?birthdate="),
            ("500", "400", "404", "405", "error", "fails"),
        ),
        without=("_search", "/token", "/callback", "redirect", "$"),
        title="A search by POST needs /_search at the end of the path",
        why="POST [base]/Type creates a resource. POST [base]/Type/_search searches, with the parameters in a form body.",
        causes=(
            Cause(
                "The parameters are posted to the type's address.",
                "The path ends with the type, such as /Organization.",
                "Use GET [base]/Organization?name=…, or POST to [base]/Organization/_search with a form body.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/164",
        confidence="documented",
    ),
    KnownError(
        id="fhir-search-empty",
        text=(
            (
                '"total": 0',
                '"total":0',
                "empty bundle",
                "no results",
                "0 results",
                "empty result",
                "returns nothing",
                "no entries",
                "zero results",
                "empty array",
                "empty searchset",
            ),
            (
                "doesn't return",
                "does not return",
                "expected",
                "why",
                "even though",
                "but there",
                "although",
                "should return",
                "instead of",
                "not getting",
                "when i search",
            ),
            ("fhir", "patient", "observation", "bundle", "search"),
        ),
        title="The search finds nothing: the token's patient or scope limits it, or the parameters don't match the data",
        why="With patient/ scopes, a server returns only the record of the patient in context. A parameter must match exactly"
        " by its"
        " type: tokens need the right system.",
        causes=(
            Cause(
                "The token is limited to another patient, or has no scope for the type.",
                "patient and scope in the token response.",
                "Search with that patient's id, or request user/ or system/ scopes.",
            ),
            Cause(
                "The parameter's value doesn't match: another system, code, id or date format.",
                "A search with only patient, or without parameters, finds the resource.",
                "Leave out parameters one by one, and use system|code as in the data.",
            ),
            Cause(
                "The server hasn't indexed the resource yet, or not that parameter.",
                "Reading it by its id works.",
                "Wait some seconds, or reindex the server.",
            ),
        ),
        source="https://github.com/LinuxForHealth/FHIR/issues/3091",
        confidence="observed",
    ),
)
