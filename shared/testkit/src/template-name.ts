/** The database that every test database of one run is copied from; the end of the run removes it. */
export const templateName = (runId: string): string => `struere_template_${runId}`;
