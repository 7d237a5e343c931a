// Compares the requests that an app sent with one that a test expects, and says what it sent instead.
import { SickbayError } from "./admin-client.js";
import type { ReadyLine } from "./admin-api.js";
import { count } from "./english.js";
import type { Exchange } from "./sickbay.js";

const REQUESTS_LISTED = 10; // how many of the requests that were sent instead are listed
const ENDPOINTS = ["authorize", "token"] as const;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/** A value, a pattern that part of the value matches, true (sent with any value) or false (not sent). */
export type ParameterValue = boolean | string | number | RegExp;
/** Parameters of the query or the form. */
export type ExpectedParameters = Record<string, ParameterValue>;

/** request: an endpoint, or a method and a path. times: undefined for at least once. */
export interface ExpectedRequest {
  request: string;
  parameters: ExpectedParameters;
  times: number | undefined;
  line: ReadyLine;
}

/** The exchanges with the expected request. Throws a SickbayError if there aren't as many as expected. */
export function check(expected: ExpectedRequest, exchanges: Exchange[]): Exchange[] {
  checkSpelling(expected);
  const sent = exchanges.filter(({ request }) => request.method !== "OPTIONS" || expected.request.startsWith("OPTIONS"));
  const found = sent.filter((exchange) => isFor(expected, exchange) && !difference(expected, exchange));
  if (expected.times === undefined ? found.length > 0 : found.length === expected.times) return found;
  const wanted = expected.times === undefined ? "at least 1 request" : count(expected.times, "request");
  throw new SickbayError(
    `Expected ${wanted} ${describe(expected)}, but the app sent ${found.length}.\n\n${whatWasSent(expected, sent)}`,
  );
}

function checkSpelling({ request }: ExpectedRequest): void {
  const [method = "", path] = split(request);
  if (isEndpoint(request) || (METHODS.includes(method) && path)) return;
  throw new SickbayError(
    `assertSent doesn't know the request \`${request}\`. Use "authorize" or "token", or a method and a path, such as ` +
      `"GET Patient/*" or "POST /general/oauth/revoke".`,
  );
}

function split(request: string): [string, string] {
  const [method = "", ...path] = request.split(" ");
  return [method, path.join(" ")];
}

function isEndpoint(name: string): name is (typeof ENDPOINTS)[number] {
  return (ENDPOINTS as readonly string[]).includes(name);
}

/** Whether it was sent to the expected endpoint. */
function isFor({ request, line }: ExpectedRequest, exchange: Exchange): boolean {
  const address = addressOf(exchange);
  if (isEndpoint(request)) return Object.values(line.tenants).some((tenant) => tenant[request] === address);
  const [method, path] = split(request);
  const place = path.startsWith("/") ? new URL(address).pathname : fhirPath(address, line);
  return method === exchange.request.method && place !== undefined && pattern(path).test(place);
}

function addressOf({ request }: Exchange): string {
  return request.url.split("?")[0] ?? "";
}

/** The path below its FHIR base; undefined for another address. */
function fhirPath(address: string, line: ReadyLine): string | undefined {
  const bases = Object.values(line.tenants).flatMap(({ fhir }) => Object.values(fhir) as string[]);
  const base = bases.find((base) => address.startsWith(`${base}/`));
  return base === undefined ? undefined : address.slice(base.length + 1);
}

/** `*` stands for anything but a slash. */
function pattern(path: string): RegExp {
  const parts = path.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]*")}$`);
}

/** Why the request isn't the expected one, although it was sent to the same endpoint; "" if it is. */
function difference({ parameters: wanted }: ExpectedRequest, exchange: Exchange): string {
  const sent = parameters(exchange);
  for (const [name, value] of Object.entries(wanted)) {
    if (!sent.has(name) && value !== false && !hasKnownBody(exchange)) {
      return `its body isn't recorded, so ${name} can't be checked`;
    }
    const text = parameterDifference(name, value, sent.getAll(name));
    if (text) return text;
  }
  return "";
}

/** Whether all parameters are known: Sickbay records the form of an OAuth request, and no resource or search form. */
function hasKnownBody({ request: { method, body } }: Exchange): boolean {
  return ["GET", "HEAD", "DELETE"].includes(method) || (typeof body === "string" && !body.startsWith("‹"));
}

function parameterDifference(name: string, value: ParameterValue, sent: string[]): string {
  if (value === false) return sent.length ? `it has ${name}` : "";
  if (!sent.length) return `no ${name}`;
  if (value === true) return "";
  if (sent.some(isMasked)) {
    throw new SickbayError(
      `Sickbay doesn't record the value of \`${name}\`. A test can only check whether it was sent: { ${name}: true }.`,
    );
  }
  const equal = sent.some((text) => (value instanceof RegExp ? value.test(text) : text === String(value)));
  return equal ? "" : `${name} is ${sent.join(" and ")}`;
}

/** The parameters in the query and the form, as Sickbay recorded them. */
function parameters({ request: { url, body } }: Exchange): URLSearchParams {
  const query = url.includes("?") ? url.slice(url.indexOf("?") + 1) : "";
  const form = typeof body === "string" && !body.startsWith("‹") ? body : "";
  return new URLSearchParams([query, form].filter(Boolean).join("&"));
}

/** Whether it stands for a value that isn't recorded: `…`, `NIUj…(43)` or `‹6 characters›`. */
function isMasked(value: string): boolean {
  return value.includes("…") || value.startsWith("‹");
}

function describe({ request, parameters: wanted }: ExpectedRequest): string {
  const words = Object.entries(wanted).map(([name, value]) => {
    if (typeof value === "boolean") return value ? name : `no ${name}`;
    return value instanceof RegExp ? `${name} matching ${value}` : `${name}=${value}`;
  });
  if (!words.length) return `\`${request}\``;
  const last = words.pop();
  return `\`${request}\` with ${words.length ? `${words.join(", ")} and ${last}` : last}`;
}

/** The requests that were sent, those to the expected endpoint first. */
function whatWasSent(expected: ExpectedRequest, sent: Exchange[]): string {
  if (!sent.length) return "It sent no request that Sickbay records. Discovery and CapabilityStatements aren't recorded.";
  const lines = [
    ...sent.filter((exchange) => isFor(expected, exchange)).map((exchange) => [exchange, difference(expected, exchange)] as const),
    ...sent.filter((exchange) => !isFor(expected, exchange)).map((exchange) => [exchange, ""] as const),
  ].map(([exchange, text]) => `  ${lineOf(exchange, expected.line)}${text ? `   ← ${text}` : ""}`);
  const more = lines.length - REQUESTS_LISTED;
  return ["It sent:", ...lines.slice(0, REQUESTS_LISTED), ...(more > 0 ? [`  … and ${count(more, "other request")}`] : [])].join("\n");
}

/** "token 400: grant_type=authorization_code, code=NIUj…(43)" */
function lineOf(exchange: Exchange, line: ReadyLine): string {
  const named = [...parameters(exchange)].map(([name, value]) => `${name}=${value}`).join(", ");
  const address = addressOf(exchange);
  const endpoint = ENDPOINTS.find((name) => Object.values(line.tenants).some((tenant) => tenant[name] === address));
  const request = endpoint ?? `${exchange.request.method} ${fhirPath(address, line) ?? new URL(address).pathname}`;
  return `${request} ${exchange.response.status}${named ? `: ${named}` : ""}`;
}
