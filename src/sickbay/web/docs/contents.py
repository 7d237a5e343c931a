"""The table of contents of the documentation: sections, and pages with their names in the folder docs/."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A link of the navigation. page: the path below docs/ without .md. anchor: that of a section of the page, or ""."""

    title: str
    page: str
    anchor: str = ""


class Section(NamedTuple):
    title: str
    entries: tuple[Entry, ...]


HOME = "README"
SECTIONS = (
    Section(
        "Start", (Entry("Overview", HOME), Entry("Tutorial: your first launch", "tutorial"), Entry("Install", "installing"))
    ),
    Section(
        "How to",
        (
            Entry("Start with a template", "how-to/start-with-a-template"),
            Entry("Launch from the chart", "how-to/first-launch"),
            Entry("Launch standalone", "how-to/standalone"),
            Entry("Write a backend service", "how-to/backend-service"),
            Entry("Give an agent access to an EHR", "how-to/agent-access"),
            Entry("Watch requests live", "how-to/watch-requests"),
            Entry("Read and compare launches", "how-to/timelines"),
            Entry("Explore FHIR data", "how-to/explorer"),
            Entry("Find out why a search is empty", "how-to/empty-search"),
            Entry("Move the clock", "how-to/move-the-clock"),
            Entry("Snapshots", "how-to/snapshots"),
            Entry("Edit and resend a request", "how-to/resend"),
            Entry("Test your app", "testing"),
            Entry("Test in CI", "ci"),
            Entry("Teach a class", "how-to/teach-a-class"),
            Entry("Run at a connectathon", "running", "at-a-connectathon"),
            Entry("Run in a container", "container"),
            Entry("Run behind a proxy", "how-to/behind-a-proxy"),
            Entry("Use phones and emulators", "how-to/phones-and-emulators"),
            Entry("Store data in PostgreSQL", "postgresql"),
            Entry("Run PostgreSQL for a team", "operations-postgresql"),
            Entry("Operate a server", "operations"),
            Entry("Upgrade", "upgrading"),
            Entry("Explain an error with the doctor", "doctor"),
            Entry("Let your coding agent debug your launch", "how-to/coding-agents"),
            Entry("Nothing happens after the launch", "how-to/nothing-happens"),
            Entry("Migrate from SMART Launcher", "how-to/migrate-from-smart-launcher"),
        ),
    ),
    Section(
        "Reference",
        (
            Entry("Commands", "reference/commands"),
            Entry("Settings", "reference/settings"),
            Entry("Policies", "reference/policies"),
            Entry("The /admin API", "reference/admin"),
            Entry("Metrics", "reference/metrics"),
            Entry("Checks", "reference/checks"),
            Entry("Dialects", "dialects"),
            Entry("Rules", "rules/README"),
        ),
    ),
    Section(
        "Explanation",
        (
            Entry("Decide and explain", "architecture/decide-and-explain"),
            Entry("Security model", "security"),
            Entry("Browsers", "browser"),
            Entry("Search", "architecture/search"),
            Entry("The two engines", "architecture/engines"),
            Entry("Caching", "architecture/caching"),
            Entry("Public test suites", "test-suites"),
            Entry("Compared with other tools", "compare"),
            Entry("Roadmap", "roadmap"),
            Entry("Licence and notices", "licence"),
        ),
    ),
    Section(
        "Decisions",
        (
            Entry("All decisions", "decisions/README"),
            Entry("SQLite through apsw", "decisions/sqlite-through-apsw"),
            Entry("Native storage", "decisions/native-storage"),
            Entry("Visibility in SQL", "decisions/visibility-in-sql"),
            Entry("Checks and rules", "decisions/checks-and-rules"),
            Entry("Dialects in TOML", "decisions/dialects-in-toml"),
            Entry("Structs", "decisions/msgspec-structs"),
            Entry("No Pydantic", "decisions/no-pydantic"),
            Entry("No FastAPI", "decisions/no-fastapi"),
            Entry("No mypyc", "decisions/no-mypyc"),
            Entry("No MkDocs", "decisions/no-mkdocs"),
            Entry("Own MCP server", "decisions/own-mcp-server"),
        ),
    ),
)
"""A page that isn't listed appears in a last section, under its own title. The pages of single stages of rules don't."""
