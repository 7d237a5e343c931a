"""FHIR R4B 4.3.0: the resource types of the population are the same as in R4."""

from __future__ import annotations

from sickbay.population.render.changing import Renderer

_renderer = Renderer({})
render_hospital, render_record, render_panel = _renderer.render_hospital, _renderer.render_record, _renderer.render_panel
render_slot, render_appointment = _renderer.render_slot, _renderer.render_appointment
