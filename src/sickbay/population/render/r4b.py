"""FHIR R4B 4.3.0: the resource types of the population are the same as in R4."""

from __future__ import annotations

from sickbay.population.render.changing import Renderer

_renderer = Renderer({})
hospital, record, panel = _renderer.hospital, _renderer.record, _renderer.panel
slot, appointment = _renderer.slot, _renderer.appointment
