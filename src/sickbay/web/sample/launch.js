// The launch page: with iss it asks for access at once, without it offers the hospitals where it is registered.
import { element, muted, section, show, trouble } from "./page.js";
import { authorizeAddress, configuration } from "./smart.js";

async function go(iss, launch) {
  location.replace(await authorizeAddress(iss, launch));
}

async function offer() {
  const { clients } = await configuration();
  const list = element("select", Object.keys(clients).map((iss) => element("option", iss, { value: iss })), { name: "iss", id: "iss" });
  const form = element("form", [element("label", ["At which hospital", list], { for: "iss" }), element("button", "Ask for access")]);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(list.value, null).catch(trouble);
  });
  show("Start on its own", muted("No chart opened this app, so the hospital will ask you for the patient."), section("Hospital", form));
}

const got = new URLSearchParams(location.search);
(got.get("iss") ? go(got.get("iss"), got.get("launch")) : offer()).catch(trouble);
