"""The links of the bar."""

from __future__ import annotations

from msgspec.structs import replace
from tests.laws import for_each
from tests.web.page_frames import DEVELOPER, EHR


@for_each(
    "path, address",
    [
        ("/general/ehr/patients/p-0017", "/developer/explorer?hospital=general&patient=p-0017"),
        ("/general/ehr/patients/p-0017?app=x", "/developer/explorer?hospital=general&patient=p-0017"),
        ("/general/ehr/patients/p-0017/requests", "/developer/explorer?hospital=general&patient=p-0017"),
        ("/general/ehr/patients", "/developer/explorer?hospital=general"),
        ("/general/ehr/patients/", "/developer/explorer?hospital=general"),
        ("/general/ehr", "/developer/explorer?hospital=general"),
        ("/epic/ehr/patients/p-0017", "/developer/explorer?hospital=general"),
    ],
)
def test_the_bar_of_a_chart_opens_its_patient_in_the_explorer(path: str, address: str) -> None:
    assert address in [link.href for link in replace(EHR, path=path).navigation]


def test_the_bar_for_developers_opens_the_explorer() -> None:
    assert "/developer/explorer" in [link.href for link in DEVELOPER.navigation]
