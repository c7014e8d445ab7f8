const secrets = new Set<string>();

/** Registers a secret of this process: no error text may hold it. */
export function keepSecret(value: string): void {
  if (value.length >= 6) secrets.add(value);
}

/** The text with every registered secret, and what looks like a credential, taken out. */
export function redact(text: string): string {
  let clean = text;
  for (const secret of secrets) clean = clean.split(secret).join("***");
  return clean
    .replace(/(PVEAPIToken=[^=\s]+=)[^\s"']+/g, "$1***")
    .replace(/\b(Bearer|Token) [A-Za-z0-9_.-]{20,}/g, "$1 ***");
}
