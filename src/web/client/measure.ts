// Numbers other than rates: attributes, durations, instants. Only this file may turn text into a JavaScript number;
// a test checks the others.

/** A whole number of at most four digits; undefined for anything else. */
export function wholeNumber(text: string | null): number | undefined {
  return text && /^[0-9]{1,4}$/.test(text) ? Number(text) : undefined;
}

/** Decimal places of a value, ten at most; undefined for anything else, such as `auto`. */
export function decimalPlaces(text: string | null): number | undefined {
  return text && /^(?:[0-9]|10)$/.test(text) ? Number(text) : undefined;
}

/** Milliseconds of a duration in the notation of the service: `20s`, `0.250s`. */
export function milliseconds(duration: string | null | undefined): number | undefined {
  const seconds = /^([0-9]{1,6}(?:\.[0-9]{1,9})?)s$/.exec(duration ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** Milliseconds of a stream's `retry` field. */
export function retryMilliseconds(text: string): number | undefined {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The seconds of a `Retry-After` header; undefined for a date or anything else. */
export function retrySeconds(text: string | null): number | undefined {
  return text && /^[0-9]{1,6}$/.test(text) ? Number(text) : undefined;
}

/** The kilobytes of a `Content-Length` header, rounded up to a tenth and with a point; undefined for anything else. */
export function kilobytes(text: string | null): string | undefined {
  return text && /^[0-9]{1,9}$/.test(text) ? (Math.ceil(Number(text) / 100) / 10).toFixed(1) : undefined;
}

/** The day and the month (1 to 12) of a date, as numbers. */
export function dayAndMonth(day: string, month: string): [number, number] {
  return [Number(day), Number(month)];
}

/** An instant as milliseconds since 1970; undefined when it is absent or unreadable. */
export function instant(text: string | null | undefined): number | undefined {
  const time = text ? Date.parse(text) : NaN;
  return isNaN(time) ? undefined : time;
}
