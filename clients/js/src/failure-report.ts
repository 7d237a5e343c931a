// What a failed test shows: why Sickbay refused its requests.
import type { Sickbay } from "./sickbay.js";

const MOST = 5; // how many refusals are explained at most

/** The explanations of the refused exchanges. "" if there are none, or if the server is gone. */
export async function diagnosis(sickbay: Sickbay): Promise<string> {
  try {
    const refused = await sickbay.refusals();
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

/** Adds the diagnosis to the message of a failed test's error. */
export async function explain(sickbay: Sickbay, error: unknown): Promise<unknown> {
  const text = await diagnosis(sickbay);
  if (!text || !(error instanceof Object) || !("message" in error)) return error;
  const stack = "stack" in error ? error.stack : undefined; // read first: Jest makes it from the message when it is read
  error.message = `${error.message}\n\nSickbay refused:\n\n${text}`;
  if (typeof stack === "string") Object.assign(error, { stack: withText(stack, text) });
  return error;
}

/** Node and Jest print the stack, whose beginning is a copy of the original message. */
function withText(stack: string, text: string): string {
  const frames = stack.search(/^ {4}at /m);
  const [message, rest] = frames < 0 ? [stack, ""] : [stack.slice(0, frames).trimEnd(), stack.slice(frames)];
  return `${message}\n\nSickbay refused:\n\n${text}\n${rest}`;
}
