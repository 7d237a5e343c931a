// Starts Sickbay in a process of its own, or finds one that runs.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { AdminClient, SickbayError } from "./admin-client.js";
import type { ReadyLine } from "./admin-api.js";
import { Sickbay } from "./sickbay.js";

const STOP_MILLISECONDS = 15_000;
export const START_MILLISECONDS = 180_000;
const LINES_SHOWN = 20; // how many of the last lines of a Sickbay that didn't start are shown
const CHARACTERS_KEPT = 10_000; // of its error output
const PASSED_ON = ["SICKBAY_CACHES"]; // variables that aren't settings of `sickbay serve`
const UVX = ["uvx", "--offline", "sickbay"]; // what `uv tool install` installed, or uv has downloaded before
const SIGNALS: NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
const PROXIES = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
const ADVICE =
  "Install it as the README of @sickbay/testing says, or name the command: set SICKBAY_COMMAND or the option `command`. " +
  "To use a running Sickbay, set SICKBAY_URL or the option `url`.";

export interface StartOptions {
  /** The address of a Sickbay to use instead of starting one. Default: SICKBAY_URL. */
  url?: string;
  /** The command that starts Sickbay. Default: SICKBAY_COMMAND, or `sickbay`, or `python3 -m sickbay`, or what uv installed. */
  command?: string | string[];
  /** Milliseconds that Sickbay may take to start. Default: 180,000. */
  startTimeout?: number;
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
  return [["sickbay"], ["python3", "-m", "sickbay"], ["python", "-m", "sickbay"], UVX];
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
  const port = options.args?.some((arg) => /^--port(=|$)/.test(arg)) ? [] : ["--port", "0"];
  const args = [...first, "serve", "--json", "--ephemeral", ...port, ...(options.args ?? [])];
  const child = spawn(program, args, { env: environment(options.env), stdio: ["ignore", "pipe", "pipe"] });
  const output = new ErrorOutput(child, [program, ...first, "serve"].join(" "));
  const line = await Promise.race([firstLine(child), failure(child, output), tooLate(child, output, options.startTimeout)]);
  if (line === null) return null;
  endWithThisProcess(child);
  return { child, line: readyLine(line, child, output) };
}

/** The end of what a process writes to its standard error. */
class ErrorOutput {
  private text = "";

  constructor(
    child: ChildProcess,
    readonly name: string,
  ) {
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.text = (this.text + text).slice(-CHARACTERS_KEPT)));
  }

  /** An error about the process, with its last lines. */
  error(what: string): SickbayError {
    const lines = this.text.trim().split("\n").slice(-LINES_SHOWN).join("\n");
    return new SickbayError(`\`${this.name}\` ${what}. ${lines ? `Its last lines:\n${lines}` : "It printed no error."}`);
  }

  /** Whether Python or uv said that Sickbay isn't installed. */
  saysNotInstalled(): boolean {
    return /No module named '?sickbay|No solution found when resolving tool dependencies/.test(this.text);
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  return new Promise((resolve) => lines.once("line", resolve));
}

function failure(child: ChildProcess, output: ErrorOutput): Promise<null> {
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? resolve(null) : reject(error)));
    child.once("close", (status) => (output.saysNotInstalled() ? resolve(null) : reject(output.error(`ended with ${status}`))));
  });
}

function tooLate(child: ChildProcess, output: ErrorOutput, milliseconds = START_MILLISECONDS): Promise<null> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(output.error(`wasn't ready within ${milliseconds / 1000} seconds`));
    }, milliseconds);
    for (const event of ["error", "close"]) child.once(event, () => clearTimeout(timer));
    child.stdout!.once("data", () => clearTimeout(timer));
    timer.unref();
  });
}

function readyLine(line: string, child: ChildProcess, output: ErrorOutput): ReadyLine {
  try {
    return JSON.parse(line);
  } catch {
    child.kill("SIGKILL");
    throw output.error(`printed \`${line.slice(0, 200)}\` instead of a line of JSON`);
  }
}

/** Settings of Sickbay aren't inherited, because tests must not depend on where they run. */
function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const isSetting = (name: string) => name.startsWith("SICKBAY_") && !PASSED_ON.includes(name);
  const inherited = Object.entries(process.env).filter(([name]) => !PROXIES.includes(name) && !isSetting(name));
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
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MILLISECONDS);
    child.ref();
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill();
  });
}
