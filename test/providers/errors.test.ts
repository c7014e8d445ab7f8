import { describe, expect, it } from "vitest";
import { messageOf, presentable, UserError } from "../../providers/errors";
import { keepSecret } from "../../providers/http/redact";

describe("a text for the terminal", () => {
  it("holds no control characters and none that turn the direction, but keeps its lines and letters", () => {
    expect(presentable("web\u001b[2J01\u0000 \u202edcba\u2069\nnext • ünï 🦄")).toBe(
      "web�[2J01� �dcba�\nnext • ünï 🦄",
    );
  });

  it("holds no secret and no endless word", () => {
    keepSecret("hunter3hunter3");
    const long = messageOf(new UserError(`token hunter3hunter3 of ${"x".repeat(5000)} is wrong`));
    expect(long).toBe(`token *** of ${"x".repeat(200)}… is wrong`);
  });
});
