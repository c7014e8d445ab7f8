const secrets = new Set<string>();

/** Shorter texts stand in too many others to be taken out of them: no secret may be shorter. */
export const leastSecret = 6;

/** Registers a secret of this process: no error text may hold it. */
export function keepSecret(value: string): void {
  if (value.length >= leastSecret) secrets.add(value);
}

/** The text with every registered secret, and what looks like a credential, taken out. */
export function redact(text: string): string {
  let clean = text;
  for (const secret of secrets) clean = clean.split(secret).join("***");
  return clean
    .replace(/(PVEAPIToken=[^=\s]+=)[^\s"']+/g, "$1***")
    .replace(/\b(Bearer|Token) [A-Za-z0-9_.-]{20,}/g, "$1 ***");
}
