// What a failed test shows: why Sickbay refused its requests, and what its launches wait for.
import type { LaunchState } from "./admin-api.js";
import type { Sickbay } from "./sickbay.js";

const MOST = 5; // how many refusals and launches are explained at most
const QUIET_SECONDS = 2; // a launch that has waited less than this probably doesn't matter to the test that failed

/**
 * The refusals and the launches that wait, each part with its heading. "" if there is nothing to say.
 *
 * shown: the message of the failure. What it explains, as that of assertNoRefusals does, is left out.
 */
export async function failureReport(sickbay: Sickbay, shown = ""): Promise<string> {
  const [refused, waits] = await Promise.all([diagnosis(sickbay, shown), waiting(sickbay)]);
  const parts = [refused && `Sickbay refused:\n\n${refused}`, waits && `Sickbay waits:\n\n${waits}`];
  return parts.filter(Boolean).join("\n\n");
}

/** What the launches of the test wait for, the newest first. "" if they wait for nothing, or if the server is gone. */
export async function waiting(sickbay: Sickbay): Promise<string> {
  try {
    const launches: LaunchState[] = await sickbay.admin.get("/admin/launches");
    const quiet = launches.filter(isQuiet).slice(0, MOST);
    return quiet.map((launch) => missing(launch, sickbay.base)).join("\n\n");
  } catch {
    return "";
  }
}

/** Whether it has waited for so long that a person would notice. A launch that worked needs nothing more. */
function isQuiet({ state, waiting_for: step }: LaunchState): boolean {
  return (state === "running" || state === "stalled") && (step?.seconds ?? 0) >= QUIET_SECONDS;
}

function missing({ id, waiting_for, causes }: LaunchState, base: string): string {
  const likely = causes.slice(0, 1).map(({ title, fix }) => `Likely: ${title}. ${fix}`);
  return [`${waiting_for?.text ?? ""}.`, ...likely, `Launch: ${base}/timelines/${id}`].join("\n");
}

/** The explanations of the refused exchanges. "" if there are none, or if the server is gone. */
export async function diagnosis(sickbay: Sickbay, shown = ""): Promise<string> {
  try {
    const refused = (await sickbay.refusals()).filter(({ id }) => !shown.includes(`Correlation ID: ${id}`));
    const texts = await Promise.all(refused.slice(0, MOST).map(({ id }) => sickbay.explanation(id)));
    const more = refused.length > MOST ? [`… and ${refused.length - MOST} more`] : [];
    return [...texts.map(brief), ...more].join("\n\n");
  } catch {
    return "";
  }
}

/** Without the list of checks at its end. */
function brief(explanation: string): string {
  return (explanation.split("\nChecks (")[0] ?? "").trimEnd();
}

/** Adds the report to the message of a failed test's error. */
export async function explain(sickbay: Sickbay, error: unknown): Promise<unknown> {
  if (!(error instanceof Object) || !("message" in error)) return error;
  const text = await failureReport(sickbay, String(error.message));
  if (!text) return error;
  const stack = "stack" in error ? error.stack : undefined; // read first: Jest makes it from the message when it is read
  error.message = `${error.message}\n\n${text}`;
  if (typeof stack === "string") Object.assign(error, { stack: withText(stack, text) });
  return error;
}

/** Node and Jest print the stack, whose beginning is a copy of the original message. */
function withText(stack: string, text: string): string {
  const frames = stack.search(/^ {4}at /m);
  const [message, rest] = frames < 0 ? [stack, ""] : [stack.slice(0, frames).trimEnd(), stack.slice(frames)];
  return `${message}\n\n${text}\n${rest}`;
}
