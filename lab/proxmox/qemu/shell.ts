/** How a program ended. */
export interface Outcome {
  exitcode: number;
  out: string;
  err: string;
  /** Milliseconds that it ran. */
  took: number;
}

/** What a program knows of the guest it runs in. */
export interface ShellGuest {
  hostname: string;
  /** A file's content, where it is there. */
  read: (file: string) => string | undefined;
  write: (file: string, content: string) => void;
}

type Program = (args: string[], input: string, machine: ShellGuest) => Partial<Outcome>;

const failed = (err: string, exitcode = 1): Partial<Outcome> => ({ exitcode, err });

function cat(args: string[], input: string, { read }: ShellGuest): Partial<Outcome> {
  if (args.length === 0) return { out: input };
  let [out, err] = ["", ""];
  for (const file of args) {
    const content = file === "-" ? input : read(file);
    if (content === undefined) err += `cat: ${file}: No such file or directory\n`;
    else out += content;
  }
  return { out, err, exitcode: err === "" ? 0 : 1 };
}

function uname(args: string[], _: string, { hostname }: ShellGuest): Partial<Outcome> {
  const known: Record<string, string> = { s: "Linux", n: hostname, r: "6.12.117+deb13-cloud-amd64", m: "x86_64" };
  const wanted = args.flatMap((arg) => [...arg.replace(/^-/, "")]);
  return { out: `${(wanted.length === 0 ? ["s"] : wanted).map((letter) => known[letter] ?? "unknown").join(" ")}\n` };
}

/** The programs that the lab's guests have. */
const programs: Record<string, Program> = {
  hostname: (_, __, { hostname }) => ({ out: `${hostname}\n` }),
  uname,
  echo: (args) => (args[0] === "-n" ? { out: args.slice(1).join(" ") } : { out: `${args.join(" ")}\n` }),
  printf: ([format = "", ...args]) => ({ out: format.replace(/\\n/g, "\n").replace(/%s/g, () => args.shift() ?? "") }),
  true: () => ({}),
  false: () => failed(""),
  cat,
  sleep: ([seconds = "0"]) => ({ took: Number(seconds) * 1000 }),
  whoami: () => ({ out: "root\n" }),
  id: (args) => ({ out: args.includes("-u") ? "0\n" : "uid=0(root) gid=0(root) groups=0(root)\n" }),
  pwd: () => ({ out: "/\n" }),
  sh: (args, input, machine) => {
    const [first = "", script, ...more] = args;
    if (first === "-c")
      return script === undefined ? failed("sh: -c requires an argument\n", 2) : shell(script, machine);
    if (first === "") return shell(input, machine);
    const file = machine.read(first);
    return file === undefined
      ? failed(`sh: 0: cannot open ${first}: No such file\n`, 2)
      : shell(
          file,
          machine,
          [script, ...more].filter((arg) => arg !== undefined),
        );
  },
};

const folders = /^(\/usr)?\/s?bin\//;

/** The program of a name or path, if the guest has it. */
export function programOf(path: string): Program | undefined {
  const name = path.includes("/") && folders.test(path) ? path.replace(folders, "") : path;
  return Object.hasOwn(programs, name) ? programs[name] : undefined;
}

const whole = (outcome: Partial<Outcome>): Outcome => ({ exitcode: 0, out: "", err: "", took: 0, ...outcome });

/** Runs a program. @returns nothing where there is none of that name */
export function runProgram(words: string[], input: string, machine: ShellGuest): Outcome | undefined {
  const [path = "", ...args] = words;
  const outcome = programOf(path)?.(args, input, machine);
  return outcome === undefined ? undefined : whole(outcome);
}

/** A script's words and operators, without the quotes. */
function tokens(script: string): { text: string; quoted: boolean }[] {
  const found: { text: string; quoted: boolean }[] = [];
  const pattern = /(&&|\|\||[;\n|]|\d?>>?&?\d?)|((?:'[^']*'|"[^"]*"|[^\s;|&<>'"])+)/g;
  for (const [, operator, word] of script.matchAll(pattern)) {
    if (operator !== undefined) found.push({ text: operator, quoted: false });
    else if (word !== undefined)
      found.push({ text: word.replace(/'([^']*)'|"([^"]*)"/g, (_, a, b) => a ?? b), quoted: /['"]/.test(word) });
  }
  return found;
}

/** A list of commands: `;`, `&&`, `||`, pipes, redirections and `exit`. Nothing is expanded but `$?` and the arguments. */
function shell(script: string, machine: ShellGuest, args: string[] = []): Outcome {
  const total = whole({});
  let [status, input, runs] = [0, "", true];
  let command: string[] = [];
  let to: { out: string; err: string } = { out: "out", err: "err" };
  let exited = false;
  const execute = (operator: string): void => {
    const expanded = command.map((word) =>
      word.replace(/\$(\?|\d)/g, (_, name: string) => (name === "?" ? String(status) : (args[Number(name) - 1] ?? ""))),
    );
    if (expanded.length > 0 && runs) {
      if (expanded[0] === "exit") {
        exited = true;
        total.exitcode = expanded[1] === undefined ? status : Number(expanded[1]) & 255;
        return;
      }
      const done =
        runProgram(expanded, input, machine) ?? whole({ exitcode: 127, err: `sh: 1: ${expanded[0]}: not found\n` });
      status = done.exitcode;
      total.took += done.took;
      const sink = (name: string, text: string): void => {
        if (name === "out" && operator === "|") input = text;
        else if (name === "out" || name === "err") total[name] += text;
        else if (name !== "/dev/null") machine.write(name, text);
      };
      sink(to.out, done.out);
      sink(to.err, done.err);
    }
    if (operator !== "|") input = "";
    runs = operator === "&&" ? runs && status === 0 : operator === "||" ? status !== 0 : true;
    command = [];
    to = { out: "out", err: "err" };
  };
  const parts = tokens(script);
  for (let n = 0; n < parts.length && !exited; n++) {
    const { text = "", quoted } = parts[n] ?? { text: "", quoted: false };
    const [, from = "1", target] = quoted ? [] : (/^(\d?)>>?&?(\d?)$/.exec(text) ?? []);
    if (target !== undefined) {
      const name = target === "" ? (parts[++n]?.text ?? "/dev/null") : target === "2" ? to.err : to.out;
      to = from === "2" ? { ...to, err: name } : { ...to, out: name };
    } else if (!quoted && /^(&&|\|\||[;\n|])$/.test(text)) execute(text);
    else command.push(text);
  }
  if (!exited) {
    execute(";");
    if (!exited) total.exitcode = status;
  }
  return total;
}
