import { UserError } from "../errors";
import { keepSecret } from "../http/redact";
import { handle } from "../resource";
import { Semaphore } from "../semaphore";
import { isPrivateFile, readText, removeFile, writePrivate } from "./files";
import { secretSink } from "./secretsink";
import {
  type Destination,
  printDestination,
  type SecretSinkInputs,
  variableOf,
  vaultKeys,
  withVariable,
} from "./secretsink.model";
import { readStackSecret, removeStackSecret, writeStackSecret } from "./stack";
import { withVault } from "./vault";

/** A token's secret in a file, an environment file, Vault or another stack's configuration. */
export const secretSinkHandler = handle(secretSink, {
  async create(wanted) {
    keepSecret(wanted.credential);
    await turns.run(() => put(wanted));
    return { id: printDestination(wanted.destination), state: wanted };
  },

  async read(known) {
    keepSecret(known.credential);
    const { isThere, isOurs, isPrivate } = await observe(known);
    if (!isThere) return undefined;
    // Somebody changed it, or others may read it: the next run puts it right.
    return isOurs && isPrivate ? known : { ...known, generation: -1 };
  },

  async update(known, wanted) {
    for (const { credential } of [known, wanted]) keepSecret(credential);
    await turns.run(() => put(wanted, known));
    return wanted;
  },

  async delete(known) {
    keepSecret(known.credential);
    await turns.run(() => takeAway(known));
  },
});

/** Several tokens may go into one file or secret. */
const turns = new Semaphore(1);

const fileText = ({ outcome }: SecretSinkInputs): string => `${JSON.stringify(JSON.parse(outcome), undefined, 2)}\n`;

/** @param known what this wrote there before @throws UserError where something is there that this did not write */
async function put(wanted: SecretSinkInputs, known?: SecretSinkInputs): Promise<void> {
  const { destination: to, credential } = wanted;
  switch (to.to) {
    case "file": {
      const there = readText(to.path);
      if (known === undefined && there !== undefined && there.trim() !== "" && !there.includes('"full-tokenid"'))
        throw new UserError(
          `${to.path} is there already and holds no token: remove it, or name another file for ${wanted.title}.`,
        );
      return writePrivate(to.path, fileText(wanted));
    }
    case "env":
      return writePrivate(to.path, withVariable(readText(to.path) ?? "", to.variable, credential));
    case "vault":
      return withVault(to, (secret) => secret.change(vaultKeys(to.prefix, wanted)));
    case "stack":
      return writeStackSecret(to, credential);
  }
}

interface Seen {
  isThere: boolean;
  /** Is it what this wrote? */
  isOurs: boolean;
  isPrivate: boolean;
}

/** What is at the place now. */
async function observe(known: SecretSinkInputs): Promise<Seen> {
  const to: Destination = known.destination;
  const seen = (there: string | undefined, right: string, isPrivate = true): Seen => ({
    isThere: there !== undefined,
    isOurs: there === right,
    isPrivate,
  });
  switch (to.to) {
    case "file": {
      const text = readText(to.path);
      return seen(text, fileText(known), text === undefined || isPrivateFile(to.path));
    }
    case "env": {
      const text = readText(to.path);
      return seen(variableOf(text ?? "", to.variable), known.credential, text === undefined || isPrivateFile(to.path));
    }
    case "vault": {
      const keys = (await withVault(to, (secret) => secret.read()))?.keys ?? {};
      const wanted = Object.entries(vaultKeys(to.prefix, known));
      return {
        isThere: wanted.some(([name]) => keys[name] !== undefined),
        isOurs: wanted.every(([name, value]) => keys[name] === value),
        isPrivate: true,
      };
    }
    case "stack":
      return seen(await readStackSecret(to), known.credential);
  }
}

/** Takes away what this wrote, and nothing that somebody else put in its place. */
async function takeAway(known: SecretSinkInputs): Promise<void> {
  if (!(await observe(known)).isOurs) return;
  const { destination: to } = known;
  switch (to.to) {
    case "file":
      return removeFile(to.path);
    case "env": {
      const rest = withVariable(readText(to.path) ?? "", to.variable, undefined);
      return rest === "" ? removeFile(to.path) : writePrivate(to.path, rest);
    }
    case "vault": {
      const gone = Object.fromEntries(Object.keys(vaultKeys(to.prefix, known)).map((name) => [name, undefined]));
      return withVault(to, (secret) => secret.change(gone));
    }
    case "stack":
      return removeStackSecret(to);
  }
}
