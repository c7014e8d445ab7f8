import type { Change } from "../../../../stacks/plan/change";
import { judgePolicies, type PolicyFacts } from "../../../../stacks/plan/policies/judge";
import type { PolicyGuest } from "../../../../stacks/plan/policies/objects";
import { compilePolicies } from "../../../../stacks/plan/policies/rules";

// Guests and plans for policies to look at.

export const policyGuest = (id: number, more: Partial<PolicyGuest> = {}): PolicyGuest => ({
  ...{ id, name: `g${id}`, url: `https://nb/virtualization/virtual-machines/${id}/`, type: "vm", status: "active" },
  ...{ cluster: "pve", node: "a", vmid: 100 + id, site: "berlin", tenant: "acme", role: "web", platform: "debian" },
  ...{ tags: [], customFields: { owner: "", policy_until: "" }, memory: 1024, cores: 2 },
  disks: [{ name: "scsi0", size: 8192, storage: "ceph", isBackedUp: true }],
  nics: [{ name: "net0", bridge: "vmbr0", vlan: 71 }],
  ...{ addresses: [], services: [], contacts: [], backupJobs: [], pool: "", ha: "", options: { agent: "1" } },
  ...{ power: "running", isNew: false, isChanged: false },
  ...more,
});

export const policyAddress = (address: string, isPublic: boolean): PolicyGuest["addresses"][number] => ({
  ...{ address, host: address.replace(/\/.*/, ""), family: 4, isPublic, interface: "eth0", dnsName: "" },
});

export const changeOf = (name: string, more: Partial<Change> = {}): Change => ({
  ...{ object: "VM", name, system: "Proxmox VE", action: "update", fields: [], effects: [], ...more },
});

export const file = "policies.yml";

/** What the policies of a text say; what is wrong with it, where something is. */
export async function judge(text: string, facts: Partial<PolicyFacts>) {
  const compiled = await compilePolicies(text, file);
  if ("problems" in compiled) return { results: [], warnings: [], ...compiled };
  const all = {
    guests: [],
    untouched: new Set<number>(),
    changes: [],
    now: new Date("2026-11-29T12:00:00Z"),
    ...facts,
  };
  return judgePolicies(compiled, all);
}

/** What is wrong with a text. */
export async function mistakes(text: string): Promise<string[]> {
  const compiled = await compilePolicies(text, file);
  return "problems" in compiled ? compiled.problems : [];
}
