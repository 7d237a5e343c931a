"""Writes a one-page PDF with a few lines of text. The same text gives the same bytes."""

from __future__ import annotations

import datetime
import textwrap


def render_page(title: str, name: str, day: datetime.date, text: str) -> bytes:
    """Returns one page of letter size. Characters that Latin-1 doesn't have are omitted."""
    lines = [title, f"{name}, {day.isoformat()}", "", *textwrap.wrap(text, 84)]
    shown = b"".join(b"(" + _escape_line(line) + b") ' " for line in lines)
    stream = b"BT /F1 11 Tf 15 TL 72 720 Td " + shown + b"ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    return _encode_file(objects)


def _escape_line(line: str) -> bytes:
    plain = line.encode("latin-1", "ignore")
    return plain.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _encode_file(objects: tuple[bytes, ...]) -> bytes:
    file, offsets = b"%PDF-1.4\n", []
    for number, pdf_object in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, pdf_object)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    return file + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        count,
        table,
        count,
        len(file),
    )
