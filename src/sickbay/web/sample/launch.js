// The launch page: with iss, it requests authorization immediately; without it, it lists the hospitals to choose from.
import { element, muted, section, show, trouble } from "./page.js";
import { authorizeAddress, configuration } from "./smart.js";

async function go(iss, launch) {
  location.replace(await authorizeAddress(iss, launch));
}

async function offer() {
  const { clients } = await configuration();
  const list = element("select", Object.keys(clients).map((iss) => element("option", iss, { value: iss })), { name: "iss", id: "iss" });
  const form = element("form", [element("label", ["FHIR base URL", list], { for: "iss" }), element("button", "Connect")]);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(list.value, null).catch(trouble);
  });
  show("Standalone launch", muted("This app wasn’t launched from a chart, so the hospital will ask you to choose a patient."), section("Hospital", form));
}

show("Launching…", muted("Looking up the authorization endpoint."));
const got = new URLSearchParams(location.search);
(got.get("iss") ? go(got.get("iss"), got.get("launch")) : offer()).catch(trouble);
