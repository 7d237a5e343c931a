"""FHIR R4B 4.3.0: of the types that the population writes, nothing changed since R4."""

from __future__ import annotations

from sickbay.population.render.changing import Renderer

_renderer = Renderer({})
hospital, record, panel = _renderer.hospital, _renderer.record, _renderer.panel
slot, appointment = _renderer.slot, _renderer.appointment
