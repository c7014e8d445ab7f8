import { refuseWrite } from "../branch";
import { UserError } from "../errors";
import { redact } from "../http/redact";
import { type Running, Ssh, type SshResult, type SshSettings, type Subject } from "./client";
import { lackingCommand } from "./remedies";

/** A word that a POSIX shell takes as it is, whatever is in it. */
export const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * One thing that is done on a machine: a constant text for `sh`, which gets everything else as its arguments, so that
 * nothing that somebody configured is ever read as a command. What is secret goes to its standard input.
 */
export interface ShellStep {
  /** For a person: `download the image`. */
  title: string;
  script: string;
  args?: (string | number)[];
  stdin?: string;
}

/** A machine on which commands are run as root. */
export class Shell {
  private readonly ssh: Ssh;

  /** @param sudo whether the user becomes root by `sudo -n` */
  constructor(
    private readonly subject: Required<Subject>,
    settings: SshSettings & { sudo: boolean; folder: string },
    /** Of NetBox, that is planned: no step is run then. */
    private readonly branch?: string,
  ) {
    this.folder = settings.folder;
    this.ssh = new Ssh(subject, settings);
    this.before = settings.sudo ? ["sudo", "-n", "--"] : [];
  }
  private readonly before: string[];
  /** Where it keeps what it works with. */
  readonly folder: string;

  close(): Promise<void> {
    return this.ssh.close();
  }

  /** Runs what only looks, whatever its exit status. */
  attempt({ script, args = [], stdin = "" }: Omit<ShellStep, "title">, running?: Running): Promise<SshResult> {
    const words = [...this.before, "sh", "-euc", script, "sh", ...args.map(String)];
    return this.ssh.run(words.map(quote).join(" "), stdin, running);
  }

  /** Runs a step to its good end. @returns its output @throws UserError with the last lines that it printed */
  async run(step: ShellStep, running?: Running): Promise<string> {
    refuseWrite(this.branch, `the step “${step.title}” on ${this.subject.title}`);
    const { code, stdout, stderr } = await this.attempt(step, running);
    if (code === 0) return stdout;
    if (this.before.length > 0 && /^sudo: /m.test(stderr))
      throw new UserError(
        `${this.subject.title} lets nobody become root by sudo without a password (${lastLines(stderr, "")}): allow it there for this user, or set ${this.subject.shared}.user to root.`,
      );
    const lacking = lackingCommand(code, stderr);
    throw new UserError(
      `Unable to ${step.title} on ${this.subject.title}: ${lacking ?? `${lastLines(stderr, stdout) || "it said nothing"} (exit status ${code})`}. What was done so far stays, and the next run goes on from there.`,
    );
  }
}

const shown = 4;

/** The end of what a command printed, errors first. */
function lastLines(stderr: string, stdout: string): string {
  const lines = (stderr.trim() === "" ? stdout : stderr)
    .split(/[\r\n]+/)
    .filter((line) => !/^[\s#=O-]*(\d+(\.\d+)?%)?\s*$/.test(line)); // curl's bar is no word
  // What tells the cause, where something does: tools say more after it.
  const telling = lines.filter((line) => /error|fail|denied|no such|not found|mismatch|^E: /i.test(line));
  return redact((telling.length > 0 ? telling : lines).slice(-shown).join(" | "));
}
