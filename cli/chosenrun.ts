import { UserError } from "../providers/errors";
import { choiceIn, wholeText } from "./chosen";
import { operate } from "./operation";

/** Pulumi's own operation, of some guests alone where they are chosen. @returns the exit code */
export async function operatePlainly(command: string, args: string[]): Promise<number> {
  const { choice, rest } = choiceIn(args);
  const own = rest.filter((arg) => arg !== "--raw");
  if (choice === undefined) return (await operate(command, own, "inherit")).code;
  if (command !== "preview" && command !== "up") throw new UserError(wholeText(command, choice));
  // What plans is loaded where it is used alone.
  return (await import("./reported.js")).operateChosen(command, own, choice);
}
