/** Names that minds may mix up: the owner's (`calendar.book`) and the vendor's (`calendar_book`). */
export const plainName = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
