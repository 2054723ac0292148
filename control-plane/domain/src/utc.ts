/** The calendar in UTC, from milliseconds since 1970. There is no clock here, and no time zone. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export interface UtcDate {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

/** Proleptic Gregorian, counted in years that begin in March (https://howardhinnant.github.io/date_algorithms.html#civil_from_days). */
export function utcDate(at: number): UtcDate {
  const days = Math.floor(at / DAY_MS) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}

export function startOfDay(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS;
}

export function startOfMonth(at: number): number {
  return startOfDay(at) - (utcDate(at).day - 1) * DAY_MS;
}

export function startOfNextMonth(at: number): number {
  // The 32nd day of a month is one of the first four of the next.
  return startOfMonth(startOfMonth(at) + 31 * DAY_MS);
}

/** `2026-11-25 14:00`. */
export function utcMinute(at: number): string {
  const { year, month, day } = utcDate(at);
  const minutes = Math.floor((at - startOfDay(at)) / 60_000);
  const two = (count: number): string => String(count).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
