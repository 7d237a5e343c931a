"""Server-rendered SVG diagrams, with classes and attributes but no style attribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from sickbay.kernel.english import count
from sickbay.web.ehr.views import BloodPressure, Lab
from sickbay.web.exchanges.timeline_steps import AHEAD, LIFELINES, Arrow
from sickbay.web.exchanges.timeline_views import TimelineView

Scale = Callable[[float], float]
HIGH, LOW = 140.0, 90.0


def draw_spark(lab: Lab, width: int = 84, height: int = 22) -> Markup:
    """A value over time, with its reference range as a band and the last point marked. The number is next to it."""
    values = lab.course
    if len(values) < 2:
        return Markup("")
    low = lab.low if lab.low is not None else min(values)
    high = lab.high if lab.high is not None else max(values)
    y = _y_scale(min(*values, low), max(*values, high), height, 3)
    points = [(3 + at * (width - 8) / (len(values) - 1), y(value)) for at, value in enumerate(values)]
    line = " ".join(f"{across:.1f},{down:.1f}" for across, down in points)
    band = "" if lab.low is None and lab.high is None else _range_band(0, width, y(high), y(low), "spark-band")
    dot = f'<circle class="spark-dot{" out" if lab.flag else ""}" cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="2.6"/>'
    inside = f'{band}<polyline class="spark" points="{line}"/>{dot}'
    return Markup(f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">{inside}</svg>')


def _y_scale(low: float, high: float, height: float, margin: float) -> Scale:
    """Map values to y coordinates, higher values further up."""
    spread = (high - low) or 1.0
    return lambda value: margin + (high - value) / spread * (height - 2 * margin)


def _range_band(x: float, width: float, top: float, bottom: float, name: str) -> str:
    return f'<rect class="{name}" x="{x}" y="{top:.1f}" width="{width}" height="{max(bottom - top, 0):.1f}"/>'


def draw_pressure(readings: Sequence[BloodPressure], width: int = 372, height: int = 168) -> Markup:
    """One bar per reading, from systolic to diastolic; amber if out of the target range. The last value is written out."""
    if not readings:
        return Markup("")
    left, right, top, bottom = 30, 40, 8, 22
    lowest = min(60.0, *(reading.diastolic for reading in readings))
    highest = max(170.0, *(reading.systolic for reading in readings))
    within = _y_scale(lowest, highest, height - top - bottom, 0)
    y: Scale = lambda value: top + within(value)  # noqa: E731
    step = (width - left - right - 12) / max(len(readings) - 1, 1)
    x: Scale = lambda at: left + 12 + at * step  # noqa: E731
    inside = [_range_band(left, width - left - 8, y(HIGH), y(LOW), "band")]
    inside += [_grid_line(value, y(value), left, width - 8) for value in (lowest, LOW, HIGH, highest)]
    inside += [_pressure_bar(reading, x(at), y) for at, reading in enumerate(readings)]
    inside += [
        _axis_label(reading.label, x(at), height - 5) for at, reading in enumerate(readings) if _is_labelled(at, readings)
    ]
    last, end = readings[-1], x(len(readings) - 1) + 8
    inside += [
        f'<text class="val" x="{end:.1f}" y="{y(value) + 4:.1f}">{value:g}</text>' for value in (last.systolic, last.diastolic)
    ]
    name = f"Blood pressure, {count(len(readings), 'reading')}; latest {last.systolic:g} over {last.diastolic:g}"
    drawing = "".join(inside)
    return Markup(f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(name)}">{drawing}</svg>')


def _is_labelled(at: int, readings: Sequence[BloodPressure]) -> bool:
    """Label the last reading and every second one before it, so that labels don't overlap."""
    return (len(readings) - 1 - at) % 2 == 0


def _grid_line(value: float, y: float, left: float, right: float) -> str:
    text = f'<text class="tick" x="{left - 7}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    return f'<line class="axis" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>{text}'


def _axis_label(text: str, x: float, y: float) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y}" text-anchor="middle">{escape(text)}</text>'


def _pressure_bar(reading: BloodPressure, x: float, y: Scale) -> str:
    name = ' class="out"' if reading.systolic >= HIGH or reading.diastolic >= LOW else ""
    high, low = y(reading.systolic), y(reading.diastolic)
    dots = "".join(f'<circle class="bp-dot" cx="{x:.1f}" cy="{at:.1f}" r="3.2"/>' for at in (high, low))
    return f'<g{name}><line class="bp" x1="{x:.1f}" x2="{x:.1f}" y1="{high:.1f}" y2="{low:.1f}"/>{dots}</g>'


LIFE = dict(zip(LIFELINES, (206, 472, 738, 1004), strict=True))
WIDTH, FIRST, STEP = 1110, 96, 66


def draw_sequence(view: TimelineView) -> Markup:
    """Four lifelines and one arrow per step. A refused step ends in a cross; future steps are dashed."""
    done = sum(arrow.kind not in AHEAD for arrow in view.arrows)
    turn = FIRST + done * STEP - 40
    height = FIRST + len(view.arrows) * STEP - 30
    heads = "".join(
        _draw_lifeline(LIFE[key], *name, turn, height, done < len(view.arrows))
        for key, name in zip(LIFELINES, view.names, strict=True)
    )
    arrows = "".join(_diagram_row(FIRST + place * STEP, arrow) for place, arrow in enumerate(view.arrows))
    box = f'viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{escape(view.title)}"'
    return Markup(f'<svg class="seq" {box}>{heads}{arrows}</svg>')


def _draw_lifeline(x: int, name: str, below: str, turn: int, height: int, dashed: bool) -> str:
    lines = f'<line class="life" x1="{x}" x2="{x}" y1="46" y2="{turn}"/>'
    if dashed:
        lines += f'<line class="life dash" x1="{x}" x2="{x}" y1="{turn}" y2="{height}"/>'
    texts = _text_element("head-t", x, 20, _shorten_text(name, 20), "middle") + _text_element(
        "head-s", x, 37, _shorten_text(below, 24), "middle"
    )
    return f'{lines}<rect class="head-box" x="{x - 88}" y="0.5" width="176" height="46" rx="4"/>{texts}'


def _text_element(name: str, x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text class="{name}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _shorten_text(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"


def _diagram_row(y: int, arrow: Arrow) -> str:
    """One row of the diagram. It is a link if there is more to read."""
    drawing = _gap_row(y, arrow) if arrow.kind == "gap" else _arrow_row(y, arrow)
    inside = f'<a href="{escape(arrow.href)}">{drawing}</a>' if arrow.href else drawing
    return f'<g class="{arrow.kind}" data-key="{escape(arrow.key)}">{inside}</g>'


def _gap_row(y: int, arrow: Arrow) -> str:
    band = f'<rect class="band" x="118" y="{y - 30}" width="{WIDTH - 118}" height="{STEP - 12}" rx="3"/>'
    words = _text_element("l", (LIFE["app"] + LIFE["fhir"]) / 2, y + 2, arrow.text, "middle")
    return f"{band}{_text_element('st', 4, y + 2, arrow.status)}{words}"


def _arrow_row(y: int, arrow: Arrow) -> str:
    start, end = LIFE[arrow.origin], LIFE[arrow.target]
    way, left = (1 if end > start else -1), min(start, end) + 16
    room = (WIDTH - left) // 8
    stripe = (
        f'<rect class="stripe" x="0" y="{y - 36}" width="{WIDTH}" height="{STEP}" rx="3"/>' if arrow.kind == "refused" else ""
    )
    words = _arrow_words(arrow, left, y, room) + _text_element("w", left, y + 19, _shorten_text(arrow.wire, room))
    times = _text_element("t", 4, y - 4, arrow.at) + _text_element("st", 4, y + 13, arrow.status)
    bead = "" if arrow.kind in AHEAD else f'<circle class="bead" cx="{start}" cy="{y}" r="4"/>'
    return f"{stripe}{times}{_arrow_shaft(arrow.kind, start, end, way, y)}{bead}{words}"


def _arrow_shaft(kind: str, start: int, end: int, way: int, y: int) -> str:
    if kind == "refused":
        cross = f'<path class="arrow" d="m{end - way * 22 - 7} {y - 7} 14 14m0-14-14 14"/>'
        return f'<line class="arrow" x1="{start}" x2="{end - way * 32}" y1="{y}" y2="{y}"/>{cross}'
    tip = f'<path class="tip" d="M{end - way} {y}l{-way * 10} -5v10z"/>'
    return f'<line class="arrow" x1="{start}" x2="{end - way * 9}" y1="{y}" y2="{y}"/>{tip}'


def _arrow_words(arrow: Arrow, left: int, y: int, room: int) -> str:
    """Returns the number of the step, its label, and the injected fault."""
    fault = f"◆ Injected fault: {arrow.fault[:1].lower()}{arrow.fault[1:]}" if arrow.fault else ""
    fault = _shorten_text(fault, room // 2)
    text = escape(_shorten_text(arrow.label, room - len(fault)))
    number = f'<tspan class="sn">{arrow.number}</tspan>' if arrow.number else ""
    marked = f'<tspan class="fault" dx="10">{escape(fault)}</tspan>' if fault else ""
    return f'<text class="l" x="{left}" y="{y - 9}">{number}<tspan dx="{7 if number else 0}">{text}</tspan>{marked}</text>'
