"""HAPI servers whose database isn't ready, and resources in it that they can't read."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

HIBERNATE = "https://hapifhir.io/hapi-fhir/docs/server_jpa/database_support.html"
CODES = "https://hl7.org/fhir/terminologies.html#code"

ERRORS = (
    KnownError(
        id="hapi-database-schema",
        is_evident=True,
        text=(
            ("hfj_", "seq_resource_id", "hapi", "hibernate"),
            (
                'relation "hfj_',
                "table 'hfj_",
                "hfj_resource' doesn't exist",
                'near "seq_',
                "select next value for seq_",
                "invalid object name 'hfj_",
                'table "hfj_resource" not found',
                "global is deprecated in temporary table",
            ),
        ),
        title="HAPI's tables are missing or its SQL isn't that of the database: `hibernate.dialect` doesn't fit",
        why="HAPI creates its tables at the start, with the SQL of the configured dialect. If that fails, each request fails.",
        causes=(
            Cause(
                "The dialect is that of another database, such as H2 or Derby for PostgreSQL.",
                "The log of the start has SQL syntax errors.",
                "Set `spring.jpa.properties.hibernate.dialect` to HAPI's dialect of this database, such as"
                " ca.uhn.fhir.jpa.model.dialect.HapiFhirPostgresDialect, and start with an empty database.",
            ),
            Cause(
                "The tables were never created: `hibernate.hbm2ddl.auto` is none, or the user may not create tables.",
                "The database has no table that begins with hfj_.",
                "Run hapi-fhir-cli migrate-database, or set `hibernate.hbm2ddl.auto` to update.",
            ),
            Cause(
                "The tables are in another schema or database than the one in the JDBC URL.",
                "The tables exist under another schema.",
                "Correct spring.datasource.url.",
            ),
        ),
        source=HIBERNATE,
        confidence="documented",
    ),
    KnownError(
        id="hapi-database-unreachable",
        is_evident=True,
        text=(
            (
                "could not open jpa entitymanager",
                "cannotcreatetransactionexception",
                "unable to acquire jdbc connection",
                "connection is not available, request timed out",
                "could not open jdbc connection",
                "unable to obtain jdbc connection",
            ),
        ),
        title="The FHIR server gets no connection to its database: the request isn't the cause",
        why="The server answers, but its database is down, or all connections of its pool are in use.",
        causes=(
            Cause(
                "The database is down or overloaded, which happens on public test servers.",
                "Each request that reads data fails, and /metadata works.",
                "Repeat the request later, and report the time to the operator. Use another server meanwhile.",
            ),
            Cause(
                "On your own server the connection pool is too small or connections aren't returned.",
                "The log has HikariPool, and a restart helps for a while.",
                "Raise spring.datasource.hikari.maximum-pool-size, and look for long transactions.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/6899",
        confidence="observed",
    ),
    KnownError(
        id="hapi-stored-resource",
        is_evident=True,
        text=(("failed to parse database resource",),),
        captures=(r"model\.(?P<value>\w+/\w+)",),
        title="A resource that is stored on the server can't be read: {value}",
        why="The server reads each hit from its database. A resource that was stored by an older version has a name or element"
        " that this version doesn't know. The request itself is correct.",
        causes=(
            Cause(
                "The resource was stored before an update of the server or of its FHIR version.",
                "The search works with a smaller _count or a filter that leaves this resource out.",
                "Delete or replace the named resource, or reload the server's data.",
            ),
            Cause(
                "The server's data belongs to another FHIR version than the configured one.",
                "Many resources fail.",
                "Set the FHIR version of the server to that of the data, or migrate the data.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/715",
        confidence="observed",
    ),
    KnownError(
        id="fhir-code-of-other-version",
        text=(("hapi-1821", "invalid attribute value"), ("unknown ", "not a valid"), ("code",)),
        captures=(r"invalid attribute value \\?\"(?P<value>[^\"\\]{1,60})",),
        title="The code {value} doesn't exist in the FHIR version in which the resource is parsed",
        why="The codes of required elements differ between FHIR versions: an Encounter is finished in R4 and completed in R5.",
        causes=(
            Cause(
                "The resource is of another FHIR version than the parser or server.",
                "Compare fhirVersion in /metadata, or FhirContext.forR4() and forR5(), with the version of the data.",
                "Parse it with the version of the data, such as FhirContext.forR4(), or convert the resource.",
            ),
            Cause(
                "The code is misspelt or has the wrong case.",
                "Look it up in the value set of the element.",
                "Send a code from the value set.",
            ),
        ),
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="export-group-unknown",
        text=(("$export", "bulk export", "export"), ("unable to find group", "group not found", "group does not exist")),
        captures=(r"(?P<value>Group/[\w.-]{1,64})",),
        title="The export names a group that the server doesn't have: {value}",
        why="A group export needs the id of an existing Group. Older HAPI servers accept the request, and its job fails with"
        " 500.",
        causes=(
            Cause(
                "The id of the Group is wrong or from another environment.",
                "GET the Group by its id: it answers 404.",
                "Search /Group or ask the server's administrator for the id, and send it in the $export request.",
            ),
            Cause(
                "The token may not see the Group.",
                "The scope has no system/Group.rs.",
                "Request system/Group.rs (v1: system/Group.read).",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/4886",
        confidence="observed",
    ),
)
