"""Brands are public, for any origin, and cacheable."""

from __future__ import annotations

from pathlib import Path

from tests.flows.flow import BASE, Flow, run


def test_discovery_links_to_the_brand_of_its_hospital(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for tenant in ("general", "cerner", "epic"):
            config = (await flow.http.get(f"/{tenant}/r4/.well-known/smart-configuration")).json()
            assert config["user_access_brand_bundle"] == f"{BASE}/{tenant}/brands"
            answer = await flow.http.get(config["user_access_brand_bundle"], headers={"Origin": "https://app.example"})
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["content-type"].startswith("application/fhir+json")
            resources = [entry["resource"] for entry in answer.json()["entry"]]
            brands = [
                resource for resource in resources if config["user_access_brand_identifier"] in resource.get("identifier", [])
            ]
            assert [brand["id"] for brand in brands] == [tenant]
            addresses = {resource["address"] for resource in resources if resource["resourceType"] == "Endpoint"}
            assert flow.sandbox.runtime.tenants[tenant].fhir_base("r4") in addresses
            for address in addresses:
                assert (await flow.http.get(f"{address}/metadata")).status_code == 200

    run(steps, tmp_path)


def test_a_cached_bundle_is_answered_304(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        tag = (await flow.http.get("/general/brands")).headers["etag"]
        assert tag.startswith('W/"')
        again = await flow.http.get("/general/brands", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        other = await flow.http.get("/general/brands", headers={"If-None-Match": 'W/"other"'})
        assert other.status_code == 200

    run(steps, tmp_path)


def test_one_bundle_contains_all_hospitals(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        resources = [entry["resource"] for entry in (await flow.http.get("/brands")).json()["entry"]]
        names = {key["id"] for key in resources if key["resourceType"] == "Organization"}
        assert names == {"general", "cerner", "epic"}
        preflight = await flow.http.options("/brands", headers={"Origin": "https://app.example"})
        assert preflight.status_code == 204
        assert "If-None-Match" in preflight.headers["access-control-allow-headers"]

    run(steps, tmp_path)
