import { UserError } from "../providers/errors";

/** What a file wants can't be planned. A destroy takes away what stands in the state, and needs no file. */
export class FileRefusal extends UserError {}

/** An error with everything that stands in the way, so that it can be mended in one go. @param file where the problems are mistakes in a file */
export function refusal(problems: string[], file?: string): UserError {
  const one = problems.length === 1;
  if (file !== undefined)
    return new FileRefusal(
      `Nothing was changed, since ${file} has ${one ? "a mistake" : `${problems.length} mistakes`}:\n${problems.map((each) => `  ${each}`).join("\n")}`,
    );
  return new UserError(
    `Nothing was changed, since ${one ? "this stands" : `these ${problems.length} things stand`} in the way:\n${problems.map((each) => `  - ${each}`).join("\n")}`,
  );
}
