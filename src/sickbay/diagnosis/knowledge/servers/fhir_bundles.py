"""Bundles, includes and exports that a FHIR server stores, refuses or answers in another way than expected."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

TRANSACTION = "https://hl7.org/fhir/R4/http.html#transaction"

ERRORS = (
    KnownError(
        id="transaction-at-bundle",
        is_evident=True,
        text=(
            (
                "unable to store a bundle resource on this server with a bundle.type value of: transaction",
                "unable to store a bundle resource on this server with a bundle.type value of: batch",
                "bundle.type value of: transaction",
                "/bundle with a transaction",
                "bundle is persisted",
                "bundle is stored but",
                "bundle resource is created instead",
                "can read the bundle, but",
            ),
        ),
        title="The transaction was sent to /Bundle, where it is only stored; it belongs to the server's base URL",
        why="POST base/Bundle creates one resource of the type Bundle. Only POST to the base URL processes its entries.",
        causes=(
            Cause(
                "The address ends with /Bundle.",
                "Location of the answer has /Bundle/.",
                "POST the Bundle to the base URL itself, such as https://HOST/fhir.",
            ),
            Cause(
                "The library's create() adds the resource's type to the address.",
                "The code calls create() or save() of a Bundle.",
                "Use the library's method for transactions, or send the Bundle to the base URL with an HTTP client.",
            ),
        ),
        source=TRANSACTION,
        confidence="documented",
    ),
    KnownError(
        id="bundle-entry-without-request",
        is_evident=True,
        text=(
            (
                "missing or invalid http verb",
                "entry is missing request",
                "bundle.entry.request is required",
                "bundle.entry.request is missing",
                "entry.request.method is required",
                "entry must have a request",
            ),
        ),
        title="An entry of the transaction has no request: each needs `request.method` and `request.url`",
        why="The server doesn't guess from the resource what to do with it. A collection or document has no requests.",
        causes=(
            Cause(
                "The Bundle was a collection, and only its type was changed to transaction.",
                "The entries have resource and fullUrl, and no request.",
                'Add to each entry "request": {"method": "POST", "url": "Patient"} (PUT with TYPE/ID keeps the id).',
            ),
            Cause(
                "The method is misspelt or in lower case.",
                "Read the entry of the message.",
                "Use GET, POST, PUT, PATCH or DELETE in capitals.",
            ),
        ),
        source=TRANSACTION,
        confidence="documented",
    ),
    KnownError(
        id="bundle-in-transaction",
        is_evident=True,
        text=(("hapi-0339", "transaction with nested resource of type bundle", "nested bundle"),),
        title="The transaction has an entry that is itself a Bundle, which HAPI can't process",
        why="Transactions can't be nested. Newer versions store a nested Bundle if the entry's request.url is Bundle.",
        causes=(
            Cause(
                "A Bundle was put into another one as an entry.",
                "entry.resource.resourceType is Bundle.",
                "Move the inner entries into the outer Bundle, or send the Bundles one after the other.",
            ),
            Cause(
                "The inner Bundle is a document to be stored, and the version is older than 7.0.",
                "The request.url of the entry is Bundle.",
                "Update HAPI, or POST it to /Bundle on its own.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/pull/5693",
        confidence="documented",
    ),
    KnownError(
        id="include-not-searchable",
        is_evident=True,
        text=(
            ("_include=", "_revinclude="),
            (
                "does not return the",
                "does not include",
                "are not included",
                "is not included",
                "not returned",
                "are not in the bundle",
                "returns only the",
                "without the included",
                "only returns",
            ),
        ),
        without=("error", "access token"),
        title="`_include` follows only references that are search parameters of the type, and only those the server supports",
        why="The value is TYPE:PARAMETER, the name of a search parameter and not of an element. A reference without such a"
        " parameter is never included, by * neither.",
        causes=(
            Cause(
                "The element has no search parameter, such as Communication.about.",
                "The type's list of search parameters in FHIR lacks it.",
                "Read the referenced resource by its own request, or define a SearchParameter if the server allows it.",
            ),
            Cause(
                "The server doesn't support this include and ignores it.",
                "searchInclude in /metadata lacks it; the self link leaves it out.",
                "Use the values of searchInclude and searchRevInclude, and Prefer: handling=strict to get an error.",
            ),
            Cause(
                "The referenced resource isn't on this server, or the token may not read it.",
                "The reference is absolute, or reading it fails.",
                "Request the scope of its type.",
            ),
        ),
        source="https://hl7.org/fhir/R4/search.html#include",
        confidence="documented",
    ),
    KnownError(
        id="hapi-include-target-type",
        is_evident=True,
        text=(("named parameter not bound",),),
        title="HAPI fails at `_include` with a target type: a fault of this version",
        why="The SQL for TYPE:PARAMETER:TARGET isn't complete in some versions (6.1).",
        causes=(
            Cause(
                "The value has a third part, such as Coverage:payor:Patient.",
                "It works without the third part.",
                "Leave out the target type, or update HAPI.",
            ),
            Cause(
                "Another parameter triggers the same fault.",
                "Remove the parameters one by one.",
                "Leave it out, and report it with the version.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/3937",
        confidence="observed",
    ),
    KnownError(
        id="export-of-empty-group",
        is_evident=True,
        text=(
            ("$export",),
            ("no patients in the group", "no patients in the population", "group is empty", "empty group", "group has no"),
        ),
        title="`$export`: the group has no patients, and this server fails instead of exporting nothing",
        why="An export of an empty group should end with an empty output. Some versions answer 500.",
        causes=(
            Cause(
                "The group has no members.",
                "GET Group/ID has no member.",
                "Choose a group with patients, or add members; update the server.",
            ),
            Cause(
                "The members are inactive, or belong to another practice.",
                "Look at the group's members.",
                "Correct the members of the group.",
            ),
        ),
        source="https://github.com/openemr/openemr/issues/5932",
        confidence="observed",
    ),
    KnownError(
        id="lfh-export-storage",
        is_evident=True,
        text=(("storage provider for outcome", "storageproviders", "storage provider is not configured"),),
        title="LinuxForHealth FHIR: no storage provider is configured for bulk export and import",
        why="The server needs fhirServer/bulkdata/storageProviders in fhir-server-config.json, and looks for the one named"
        " default unless a header names another.",
        causes=(
            Cause(
                "bulkdata/storageProviders/default is missing, or has another name.",
                "Read fhir-server-config.json of the tenant.",
                "Add a provider default with type file (fileBase) or ibm-cos/aws-s3 (bucketName, location, auth).",
            ),
            Cause(
                "The request names another provider.",
                "It has X-FHIR-BULKDATA-PROVIDER.",
                "Use the name of a configured provider, or leave the header out.",
            ),
        ),
        source="https://linuxforhealth.github.io/FHIR/guides/FHIRBulkOperations",
        confidence="documented",
    ),
)
