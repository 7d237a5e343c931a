"""GET /timelines/{id}/compare: a launch next to another one of the same app, for the administrator."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import launch_choices, launch_comparison, launch_progress
from sickbay.services.journal.events import real_time
from sickbay.services.launch_progress import LaunchProgress
from sickbay.web import html_response
from sickbay.web.exchanges import comparison_view
from sickbay.web.exchanges.comparison_view import LaunchComparisonView, LaunchHead
from sickbay.web.exchanges.timeline_views import timeline_view
from sickbay.web.exchanges.timelines import NO_LAUNCH


async def show_comparison(request: Request, sandbox: Sandbox, id: str) -> Response:
    """`with`: the other launch; by default the last one that worked."""
    options = await html_response.page_options(request, sandbox, here="Exchanges")
    here = await launch_progress.read_launch(sandbox.runtime, sandbox.journal, id, full=True, whole=True)
    if here is None or here.client is None:
        return html_response.render_page(request, sandbox, "notice", NO_LAUNCH, options, 404)
    launches = await launch_choices.list_launches(sandbox.runtime, here.client.client_id)
    chosen, wanted = launch_choices.choose_launch(launches, id), request.query_params.get("with", "")
    other = wanted or (chosen.id if chosen else "")
    there = await launch_progress.read_launch_progress(sandbox.runtime, other, whole=True) if other else None
    if wanted and (there is None or there.client is None or there.client.client_id != here.client.client_id):
        return html_response.render_page(request, sandbox, "notice", NO_LAUNCH, options, 404)
    view = LaunchComparisonView(
        app=here.client.name,
        here=_launch_head(here),
        others=comparison_view.list_other_launches(launches, id, other),
        **(_compare_members(here, there) if there else {}),
    )
    return html_response.render_page(request, sandbox, "compare_launches", view, options)


def _compare_members(here: LaunchProgress, there: LaunchProgress) -> dict[str, Any]:
    """The members of the view that need both launches."""
    patients = (_patient_of_launch(here), _patient_of_launch(there))
    steps = launch_comparison.compare_launches(_exchanges_of_launch(here), _exchanges_of_launch(there), patients)
    left_out = here.timeline.left_out + there.timeline.left_out
    heads = (_launch_head(here), _launch_head(there))
    return {
        "there": heads[1],
        "title": launch_comparison.describe_first_difference(steps, patients),
        "rows": comparison_view.make_rows(steps, (heads[0].kind == "passed", heads[1].kind == "passed")),
        "left_out": f"Sickbay left out {count(left_out, 'request')} in the middle." if left_out else "",
    }


def _exchanges_of_launch(launch: LaunchProgress) -> list[dict[str, Any]]:
    recorded = launch.timeline
    return sorted((*recorded.exchanges, *recorded.probable), key=lambda exchange: int(exchange["arrival"]))


def _patient_of_launch(launch: LaunchProgress) -> str:
    return (launch.launch.patient if launch.launch else None) or ""


def _launch_head(launch: LaunchProgress) -> LaunchHead:
    recorded = launch.timeline
    view = timeline_view(
        launch.id, recorded.exchanges, app=launch.trail.app.name, hospital="", probable=recorded.probable, trail=launch.trail
    )
    began = min((event.at for event in launch.trail.events), default=real_time(0))
    return LaunchHead(
        launch.id, f"{english.format_time(began)} UTC", view.kind, view.verdict, view.title, _patient_of_launch(launch)
    )
