import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Can somebody be asked? */
export const isAttended = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks on the terminal, beside what is piped on. @param secret is nothing shown of the answer? */
export function askUser(question: string, { secret = false } = {}): Promise<string> {
  let isMuted = false;
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!isMuted) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  return new Promise((resolve) => {
    let answer = "";
    lines.question(question, (text) => {
      answer = text.trim();
      lines.close();
    });
    lines.on("close", () => {
      if (secret) process.stderr.write("\n");
      resolve(answer);
    });
    isMuted = secret;
  });
}

/** Asks for a yes; anything else is a no. */
export const confirmed = async (question: string): Promise<boolean> =>
  /^y(es)?$/i.test(await askUser(`${question} [y/N] `));
