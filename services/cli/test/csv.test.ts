import { expect, test } from "vitest";
import { csv } from "../src/csv.ts";

test("cells with commas, quotes and line breaks are quoted, and nothing is a number that was none", () => {
  expect(
    csv(
      ["a", "b"],
      [
        ["x,y", 'say "hi"'],
        ["two\nlines", null],
        [1.5, "-12.50"],
      ],
    ),
  ).toBe('a,b\r\n"x,y","say ""hi"""\r\n"two\nlines",\r\n1.5,-12.50');
});

test("what a spreadsheet would run as a formula is text", () => {
  const cells = ["=HYPERLINK(1)", "+1+1", "-1+1", "@SUM(A1)", "\t=1"];
  expect(
    csv(
      ["note"],
      cells.map((cell) => [cell]),
    )
      .split("\r\n")
      .slice(1),
  ).toEqual(cells.map((cell) => `'${cell}`));
});
