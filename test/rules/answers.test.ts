import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { momentaryAnswers } from "../../providers/proxmox/answers";
import { projectRoot } from "../../tools/root";

describe("docs/answers.md", () => {
  it("has the table that requests and tasks go by", () => {
    const shown = readFileSync(join(projectRoot(), "docs", "answers.md"), "utf8")
      .split("\n")
      .filter((line) => /^\| (?!---|answer )/.test(line))
      .map((line) =>
        line
          .split("|")
          .map((cell) => cell.trim())
          .slice(1, -1),
      );
    expect(shown).toEqual(momentaryAnswers.map(({ answer, remedy, why }) => [answer, remedy, why]));
  });

  it("is about answers that the table itself knows, row by row", () => {
    for (const { answer, message } of momentaryAnswers) {
      const texts = [...answer.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text.replaceAll("…", "x"));
      if (message === undefined) expect(answer).toMatch(/^\d{3}(, \d{3})*$/);
      else if (!answer.includes("/etc/pve")) for (const text of texts) expect(text).toMatch(message);
    }
  });
});
