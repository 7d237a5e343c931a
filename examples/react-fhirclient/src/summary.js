/** request: reads a path of the FHIR server as JSON. */
export async function readSummary(request, patientId) {
  const patient = await request(`Patient/${patientId}`);
  const bundle = await request(`Condition?patient=${patientId}&clinical-status=active`);
  const conditions = (bundle.entry ?? []).map((entry) => entry.resource).filter(({ resourceType }) => resourceType === "Condition");
  return {
    name: fullName(patient),
    birthDate: patient.birthDate,
    problems: conditions.map(({ id, code }) => ({ id, text: code.text ?? code.coding?.[0]?.display ?? "Unknown" })),
  };
}

function fullName({ name = [] }) {
  const official = name.find(({ use }) => use === "official") ?? name[0] ?? {};
  return [...(official.given ?? []), official.family].filter(Boolean).join(" ");
}
