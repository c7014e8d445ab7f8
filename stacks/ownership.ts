import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Context, fullName } from "../providers/context";
import { anyMark } from "../providers/ownership/mark";
import { Self } from "../providers/ownership/owner";
import { isRecord } from "../providers/values";
import type { KnownResource, KnownResources, StackState } from "./known";
import { listedNames } from "./plan/listed";
import { refusal } from "./refusal";
import type { Settings } from "./settings";
import { resourcesIn } from "./state";

// Whose state is it? One of a renamed stack, or of a NetBox that moved, looks just like a copy: the settings say which.

/** This stack and its NetBox, with the names that they had before. */
export function selfOf(
  { project, stack }: { project: string; stack: string },
  context: Context,
  { site }: Pick<Settings, "site">,
): Self {
  const url = context.hasNetbox ? context.netbox.url : "";
  return new Self(`${project}/${stack}`, url, { stacks: site.formerStacks.map(fullName), urls: context.formerUrls });
}

/** @throws UserError where the state is one of another stack, or of another NetBox, and no setting says that it was this one's */
export function checkOwnership(self: Self, state: StackState): void {
  const folder = process.env.NETBOX_PROXMOX_STACK_FILES ?? ".";
  const hasFile = (name: string) => existsSync(join(folder, `Pulumi.${name}.yaml`));
  const problems = stateProblems(resourcesIn(state), self, hasFile);
  if (problems.length > 0) throw refusal(problems);
}

/** @param hasFile is there a file of a stack of this name, beside this one's? */
export function stateProblems(resources: KnownResources, self: Self, hasFile: (name: string) => boolean): string[] {
  // A name in DNS that another stack took over since says so in the state after a refresh: it tells only where nothing else does.
  const isKnown = [...resources.values()].some((each) => self.owns(originOf(each).stack ?? ""));
  const strange = { stack: new Map<string, string[]>(), url: new Map<string, string[]>() };
  for (const [name, resource] of resources) {
    const { stack, url } = originOf(resource);
    const title = `${resource.type} ${name}`;
    if (stack !== undefined && !self.owns(stack) && !(isKnown && resource.type === "Bind9Record"))
      add(strange.stack, stack, title);
    if (url !== undefined && self.netboxUrl !== "" && !self.isHere(url)) add(strange.url, url, title);
  }
  const alive = self.former.stacks.filter((each) => each !== self.stack && hasFile(each.split("/").at(-1) ?? ""));
  return [
    ...alive.map((stack) => {
      const name = stack.split("/").at(-1) ?? "";
      return `netbox-proxmox:site.formerStacks names ${stack}, and its file Pulumi.${name}.yaml is still there: two stacks must not share what they own. Take it out of the setting, or remove that file if the stack is no more.`;
    }),
    ...[...strange.stack].map(
      ([stack, titles]) =>
        `The state of this stack (${self.stack}) holds what Pulumi stack ${stack} made (${listedNames(titles, 5)}). If this stack had that name before, set netbox-proxmox:site.formerStacks (\`pulumi config set --path 'netbox-proxmox:site.formerStacks[${self.former.stacks.length}]' ${stack}\`) and run again: its marks are written anew. If ${stack} is still there, do not: a copied state looks just like a renamed one, and two stacks must not share what they own; start this one with an empty state.`,
    ),
    ...[...strange.url].map(
      ([url, titles]) =>
        `The state of this stack was recorded from the NetBox at ${url} (${listedNames(titles, 5)}), and netbox-proxmox:netbox.url is ${self.netboxUrl}. If that NetBox moved, set netbox-proxmox:netbox.formerUrls (\`pulumi config set --path 'netbox-proxmox:netbox.formerUrls[${self.former.urls.length}]' ${url}\`) and run again: its marks are written anew. If it is another NetBox, or a copy, set netbox.url back: what one NetBox documents, another must not remove.`,
    ),
  ];
}

/** The stack and the NetBox that a resource was made for, as its properties say. */
function originOf({ type, properties }: KnownResource): { stack?: string; url?: string } {
  const mark = anyMark.safeParse(properties.mark);
  // A part of the platform belongs to the NetBox that its own file makes.
  if (mark.success) return { stack: mark.data.stack, ...("part" in mark.data ? {} : { url: mark.data.netboxUrl }) };
  const { stack, owner, netboxUrl } = properties;
  const inOwner = isRecord(owner) ? owner.stack : owner;
  const name = type === "ProxmoxTemplate" || type === "Bind9Record" ? inOwner : stack;
  return {
    ...(typeof name === "string" && name !== "" ? { stack: name } : {}),
    ...(typeof netboxUrl === "string" ? { url: netboxUrl } : {}),
  };
}

const add = (map: Map<string, string[]>, key: string, title: string) => map.set(key, [...(map.get(key) ?? []), title]);
