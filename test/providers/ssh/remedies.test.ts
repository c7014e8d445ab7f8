import { describe, expect, it } from "vitest";
import { lackingCommand } from "../../../providers/ssh/remedies";
import { seedWith, TestSystems } from "../../harness/systems";

describe("a command that a machine lacks", () => {
  it.each([
    [
      127,
      "sh: 9: virt-customize: not found",
      "virt-customize isn't there: install it (`apt install libguestfs-tools`)",
    ],
    [
      127,
      "bash: line 1: virt-sysprep: command not found",
      "virt-sysprep isn't there: install it (`apt install libguestfs-tools`)",
    ],
    [127, "sh: 4: curl: not found\n", "curl isn't there: install it (`apt install curl`)"],
    [127, "bash: nsupdate: command not found", "nsupdate isn't there: install it (`apt install bind9-dnsutils`)"],
    [127, "sh: 8: exec: pct: not found", "pct is Proxmox VE's own and isn't there: is this a node of the cluster?"],
    [127, "sh: 1: frobnicate: not found", "frobnicate isn't there: install it"],
  ])("is named with the package that has it (%i, %s)", (code, said, remedy) => {
    expect(lackingCommand(code, said)).toBe(remedy);
  });

  it.each([
    [1, "virt-customize: error: /var/tmp/x.qcow2: No such file or directory"],
    [22, "curl: (22) The requested URL returned error: 404"],
    [1, "E: Unable to locate package nonsense"],
    [1, "unit nginx.service: not found"],
    [0, ""],
  ])("is not what was wrong (%i, %s)", (code, said) => {
    expect(lackingCommand(code, said)).toBeUndefined();
  });

  it("is told of by the step that needs it, in the place of an exit status", async () => {
    const systems = await TestSystems.open(seedWith("[]"), {}, "lab");
    try {
      const context = systems.context({ ssh: systems.endpoints.proxmox["pve-lab"]?.ssh });
      const step = { title: "prepare the image", script: "PATH=/nowhere; virt-customize --add image" };
      await expect(context.shell("pve-lab", "pve1").run(step)).rejects.toThrow(
        /^Unable to prepare the image on \S.*: virt-customize isn't there: install it \(`apt install libguestfs-tools`\)\. What was done so far stays/,
      );
    } finally {
      await systems.close();
    }
  });
});
