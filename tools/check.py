"""What no linter knows: no registry is named by its host, nothing grows too large, what is generated is fresh."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sickbay.diagnosis import handbook

ROOT = Path(__file__).parent.parent
HOSTS = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org")))
SQLITE, DATABASES = b"SQLite format 3\0", (".db", ".db-wal", ".db-shm", ".sqlite", ".sqlite3")
PEM = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----\s*(?:[A-Za-z0-9+/=:,-]+\s*){1,4}")
DER = re.compile(rb"\x30\x82..\x02\x01\x00(?:\x02\x82|\x30)", re.S)
"""PKCS 1 and PKCS 8."""
JWK = re.compile(rb"[\"'](?:d|p|q|dp|dq|qi|k)[\"']\s*:\s*[\"']([A-Za-z0-9_-]{8,})[\"']")
"""A private member of a JWK with a value that may be a key (RFC 7518 6.2.2, 6.3.2, 6.4.1)."""
PLACEHOLDER = b"TEST-ONLY"
"""What the cases of rules about published private keys have in place of a key."""
FILE_LINES, FUNCTION_LINES = 400, 60
GENERATED = ROOT / "docs" / "rules"


def tracked() -> list[Path]:
    """Every text file that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def hosts(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        text = path.read_bytes().decode("utf-8", errors="ignore")
        for host in HOSTS:
            if host in text:
                yield f"{path.relative_to(ROOT)}: names the registry host {host}; write package names only"


def sizes(paths: list[Path]) -> Iterator[str]:
    for path in (one for one in paths if one.suffix == ".py"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > FILE_LINES:
            yield f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines, more than {FILE_LINES}"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > FUNCTION_LINES:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {size} lines, more than {FUNCTION_LINES}"


def secrets(paths: list[Path]) -> Iterator[str]:
    """Databases and private keys that somebody committed, told by what is in them."""
    for path in paths:
        name, content = path.relative_to(ROOT).as_posix(), path.read_bytes()
        if content.startswith(SQLITE) or path.name.endswith(DATABASES):
            yield f"{name}: is a database; remove it with git rm, and treat its keys as published"
        if PEM.search(content) or DER.match(content):
            yield f"{name}: holds a private key; make keys in the tests"
        found = {match[1] for match in JWK.finditer(content)}
        if found - {PLACEHOLDER}:
            yield f"{name}: holds the private members of a JWK; make keys in the tests"


def stale() -> Iterator[str]:
    """The pages of docs/rules that differ from what the catalogue says now."""
    fresh = handbook.pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in GENERATED.glob("*.md")}
    for name in sorted(fresh.keys() | there.keys()):
        if fresh.get(name) != there.get(name):
            yield f"docs/rules/{name}: not what the catalogue says; run make docs"


def write() -> None:
    GENERATED.mkdir(parents=True, exist_ok=True)
    for path in GENERATED.glob("*.md"):
        path.unlink()
    for name, text in handbook.pages().items():
        (GENERATED / name).write_text(text, encoding="utf-8")


def main() -> int:
    if "--write" in sys.argv:
        write()
    paths = tracked()
    faults = [*hosts(paths), *sizes(paths), *secrets(paths), *stale()]
    print("\n".join(faults) or "hosts, sizes, secrets and generated pages: in order")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
