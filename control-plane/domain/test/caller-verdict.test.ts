import { describe, expect, test } from "vitest";
import { callerVerdict } from "../src/index.ts";

const said = (verdict: string, replies: readonly (readonly [string, string?])[]) =>
  describe(`is ${verdict}`, () => {
    test.each(replies.map(([reply, value]) => [reply, value ?? null] as const))("%s (%s)", (reply, value) => {
      expect(callerVerdict(reply, value)).toBe(verdict);
    });
  });

describe("what a caller says after a correction", () => {
  said("confirmed", [
    ["Yes."],
    ["Yes, that is right."],
    ["Oh yes, thank you."],
    ["Yeah, 4711."],
    ["Correct."],
    ["That’s right, the fifth."],
    ["Exactly."],
    ["Sí, correcto."],
    ["Eso es, gracias."],
    ["Ja, genau."],
    ["Das stimmt."],
    ["Oui, c'est ça."],
    ["Sim, isso mesmo."],
    ["4711, please.", "4711"],
    ["The fifth of May at noon.", "fifth of May"],
    ["It's Müller with two l.", "Müller"],
  ]);
  said("contradicted", [
    ["No."],
    ["No, that's wrong."],
    ["No that's not it."],
    ["Ah, no."],
    ["No, it is the sixth."],
    ["That's not right."],
    ["That is not what I said."],
    ["Nope, 4712."],
    ["Wrong again."],
    ["No, eso no es correcto."],
    ["No, es el seis."],
    ["Nein, der sechste."],
    ["Das ist falsch."],
    ["Das stimmt nicht."],
    ["Non, c'est le six."],
    ["Não, está errado."],
  ]);
  said("unclear", [
    [""],
    ["..."],
    ["Okay."],
    ["Thank you."],
    ["And when do you open?"],
    ["No problem."],
    ["No, thank you."],
    ["Yes, but it was the sixth."],
    ["Yes and no."],
    ["No, yes, that's right."],
    ["No, that is correct."],
    ["Right, no, wait."],
    ["Maybe."],
    ["No, está bien, es correcto."],
    // It names the right value, and more than that.
    ["Not 4711.", "4711"],
    ["No, it is 4711.", "4711"],
    ["No sábado, se for possível."],
    ["Was it 4711 or not?", "4711"],
    // So short a value is in many sentences.
    ["I am at the door.", "at"],
    ["Whatever."],
    ["I know that."],
    ["Writing it down: 47112.", "4711"],
  ]);
});
