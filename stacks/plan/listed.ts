/** `a, b, c and 5 more`, for messages. */
export function listedNames(names: string[], most = 12): string {
  const more = names.length > most ? ` and ${names.length - most} more` : "";
  return `${names.slice(0, most).join(", ")}${more}`;
}
