import { defineData } from "struere";

/** The form that a call fills. */
export default defineData({
  name: "Appointment",
  slug: "appointment",
  schema: {
    type: "object",
    properties: {
      name: { type: "string", description: "The patient's full name" },
      phone: { type: "string", format: "phone", description: "In E.164 form, such as +14155550100" },
      reason: { type: "string", description: "Why the patient wants to come" },
      day: { type: "string", format: "date", description: "The day that suits" },
      notes: { type: "string", description: "For the practice; the receptionist does not see it" },
    },
    required: ["name", "reason"],
  },
  searchFields: ["name", "reason"],
  displayConfig: { titleField: "name", subtitleField: "day" },
});
