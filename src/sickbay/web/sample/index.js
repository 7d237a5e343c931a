// The redirect page: exchanges the code for a token, reads the patient, and searches other patients by name.
import { element, facts, json, muted, section, shortened, show, table, trouble } from "./page.js";
import { answered, claims, nameOf, read, redeem } from "./smart.js";

const LOINC = "http://loinc.org|";
const PRESSURES = ["85354-9", "55284-4"];

const number = (patient) => ((patient.identifier || [{}])[0].value || "");
const rows = (bundle) => (bundle.entry || []).map((entry) => entry.resource).filter((resource) => resource && resource.resourceType === "Patient");
const value = (observation, code) => {
  const part = (observation.component || []).find((component) => (component.code.coding || []).some((coding) => coding.code === code));
  return part?.valueQuantity ? String(part.valueQuantity.value) : "";
};

// Searching all patients needs a user/ or system/ scope with s, or .read in SMART 1.
const mayFind = (scope) => /(^| )(user|system)\/(\*|Patient)\.(read|\*|c?r?u?d?s)( |$|\?)/.test(scope);

async function pressures(session) {
  const query = `Observation?patient=${session.patient}&code=${PRESSURES.map((code) => LOINC + code).join(",")}&_count=50`;
  const bundle = await read(session.iss, session.token, query);
  const found = (bundle.entry || []).map((entry) => entry.resource).filter((resource) => resource.component)
    .sort((a, b) => (a.effectiveDateTime < b.effectiveDateTime ? 1 : -1)).slice(0, 5);
  if (!found.length) return muted("No readings.");
  return table(["Reading", "Systolic", "Diastolic"], found.map((reading) => [reading.effectiveDateTime.slice(0, 10), value(reading, "8480-6"), value(reading, "8462-4")]));
}

async function tried(work) {
  try {
    return await work();
  } catch (fault) {
    const link = fault.link ? [" ", element("a", "See what to send instead", { href: fault.link, target: "_blank", rel: "noopener" })] : [];
    return element("p", [fault.message, ...link], { class: "muted" });
  }
}

function finder(session) {
  const field = element("input", [], { name: "name", id: "name", value: "Peters", autocomplete: "off" });
  const form = element("form", [element("label", ["Name", field], { for: "name" }), element("button", "Find patients")]);
  const place = element("div", [], { id: "found" });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    place.replaceChildren(await tried(async () => {
      const found = rows(await read(session.iss, session.token, `Patient?name=${encodeURIComponent(field.value)}`));
      if (!found.length) return muted(`No name starts with ${field.value}.`);
      return table(["Name", "Born", "Record"], found.map((patient) => [nameOf(patient), patient.birthDate || "", number(patient)]));
    }));
  });
  return section("Find patients by name", form, place);
}

async function start() {
  const answer = answered(location.search);
  history.replaceState(null, "", location.pathname);
  const token = await redeem(answer);
  const session = { iss: answer.iss, token: token.access_token, patient: token.patient };
  const parts = [];
  let title = "Connected";
  if (session.patient) {
    const patient = await read(session.iss, session.token, `Patient/${session.patient}`);
    title = nameOf(patient);
    parts.push(muted(["born", patient.birthDate, "·", patient.gender, "· record", number(patient)].filter(Boolean).join(" ")));
    parts.push(section("Blood pressure, mmHg", await tried(() => pressures(session))));
  }
  if (mayFind(token.scope || "")) parts.push(finder(session));
  parts.push(section("Granted access", facts([["Hospital", answer.iss], ["Patient", token.patient || "none"], ["Encounter", token.encounter || "none"], ["Scopes", token.scope || ""]])));
  if (token.id_token) parts.push(section("Signed-in user, from the id_token", json(claims(token.id_token))));
  parts.push(section("Token response", json(shortened(token))));
  show(title, ...parts);
}

show("Loading…", muted("Exchanging the code for a token."));
start().catch(trouble);
