import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { guestOptions } from "../providers/proxmox/options";

/** Any value that an option can have, as a user may write it. */
function values(name: string): fc.Arbitrary<string | number> {
  const option = guestOptions[name];
  if (option?.choices) return fc.constantFrom(...option.choices);
  if (option?.kind === "flag") return fc.constantFrom<string | number>(0, 1, "on", "off", "true", "no");
  if (option?.kind === "integer") return fc.integer({ min: option.min ?? 0, max: option.max ?? 65_536 });
  if (option?.kind === "number") return fc.constantFrom(0, 0.5, 1.25, 4, 128);
  if (option?.kind === "list")
    return fc.shuffledSubarray(["network", "disk", "usb", "cpu"], { minLength: 1 }).map((list) => list.join(","));
  return fc.constant(option?.example ?? "order=scsi0");
}

/** Some options of a guest, each with a value that it can have. */
export const anyOptions = fc
  .uniqueArray(fc.constantFrom(...Object.keys(guestOptions)), { maxLength: 8 })
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, values(name)]))));
