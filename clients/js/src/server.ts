// Starts Sickbay in a process of its own, or finds one that runs.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { AdminClient, SickbayError } from "./admin-client.js";
import type { ReadyLine } from "./admin-api.js";
import { Sickbay } from "./sickbay.js";

const PATIENCE = 15_000; // milliseconds that Sickbay has to stop
const SIGNALS: NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
const PROXIES = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
const ADVICE =
  "Install it with `pipx install sickbay`, or name the command: set SICKBAY_COMMAND or the option `command`. " +
  "To use a running Sickbay, set SICKBAY_URL or the option `url`.";

export interface StartOptions {
  /** The address of a Sickbay to use instead of starting one. Default: SICKBAY_URL. */
  url?: string;
  /** The command that starts Sickbay. Default: SICKBAY_COMMAND, or `sickbay`, or `python3 -m sickbay`. */
  command?: string | string[];
  /** More options of `sickbay serve`, such as ["--patients", "10"]. */
  args?: string[];
  /** More environment variables of Sickbay. */
  env?: Record<string, string>;
  /** Needed only if Sickbay runs on another machine. Default: SICKBAY_ADMIN_TOKEN. */
  adminToken?: string;
}

/** stop(): ends the process, if this package started it. */
export interface RunningSickbay {
  sickbay: Sickbay;
  stop(): Promise<void>;
}

/** Start `sickbay serve --json --ephemeral` on a free port, or use the one at `url`. Throws a SickbayError if it can't. */
export async function startSickbay(options: StartOptions = {}): Promise<RunningSickbay> {
  const url = options.url ?? process.env.SICKBAY_URL;
  if (url) return { sickbay: await connect(url, options.adminToken), stop: async () => {} };
  const { child, line } = await firstThatStarts(candidates(options.command ?? process.env.SICKBAY_COMMAND), options);
  return { sickbay: new Sickbay(line, options.adminToken), stop: () => stop(child) };
}

/** Use a Sickbay that runs at this address. */
export async function connect(url: string, adminToken = process.env.SICKBAY_ADMIN_TOKEN): Promise<Sickbay> {
  const base = url.replace(/\/+$/, "");
  try {
    return new Sickbay({ ...(await new AdminClient(base, adminToken).get("/admin")), base }, adminToken);
  } catch (error) {
    throw new SickbayError(`No Sickbay at ${base}: ${(error as Error).message || (error as NodeJS.ErrnoException).code}`);
  }
}

function candidates(command: string | string[] | undefined): string[][] {
  if (Array.isArray(command)) return [command];
  if (command) return [words(command)];
  return [["sickbay"], ["python3", "-m", "sickbay"], ["python", "-m", "sickbay"]];
}

/** Splits a command at blanks. Quotes keep a path with blanks together. */
export function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

interface Started {
  child: ChildProcess;
  line: ReadyLine;
}

async function firstThatStarts(commands: string[][], options: StartOptions): Promise<Started> {
  for (const command of commands) {
    const started = await start(command, options);
    if (started) return started;
  }
  const tried = commands.map((command) => `\`${command.join(" ")}\``).join(", ");
  throw new SickbayError(`Sickbay isn't installed: tried ${tried}. ${ADVICE}`);
}

/** Returns null if there is no such command, or if Python has no such module. */
async function start([program = "", ...first]: string[], options: StartOptions): Promise<Started | null> {
  const port = options.args?.includes("--port") ? [] : ["--port", "0"];
  const args = [...first, "serve", "--json", "--ephemeral", ...port, ...(options.args ?? [])];
  const child = spawn(program, args, { env: environment(options.env), stdio: ["ignore", "pipe", "pipe"] });
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const outcome = await Promise.race([firstLine(child), failure(child, errors)]);
  if (typeof outcome !== "string") return outcome;
  endWithThisProcess(child);
  return { child, line: JSON.parse(outcome) };
}

function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  return new Promise((resolve) => lines.once("line", resolve));
}

function failure(child: ChildProcess, errors: string[]): Promise<null> {
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? resolve(null) : reject(error)));
    child.once("close", (status) => {
      const text = errors.join("").trim();
      if (/No module named '?sickbay/.test(text)) resolve(null);
      else reject(new SickbayError(`sickbay serve ended with ${status}: ${text}`));
    });
  });
}

function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !PROXIES.includes(name));
  return { ...Object.fromEntries(inherited), ...more };
}

/** A test run that forgets to stop Sickbay ends nevertheless, and Sickbay with it. */
function endWithThisProcess(child: ChildProcess): void {
  const end = () => child.kill();
  process.once("exit", end);
  const removed = SIGNALS.map((signal) => onSignal(signal, end));
  child.once("exit", () => {
    process.off("exit", end);
    removed.forEach((remove) => remove());
  });
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref();
}

/** A process that is ended by a signal, as Vitest ends its workers, emits no "exit". Returns how to stop listening. */
function onSignal(signal: NodeJS.Signals, end: () => void): () => void {
  const handler = () => {
    end();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal); // as if this listener weren't there
  };
  process.once(signal, handler);
  return () => void process.off(signal, handler);
}

/** Terminate the process, or kill it after 15 seconds. */
function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    child.ref();
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill();
  });
}
