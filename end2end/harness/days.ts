/** The date `days` from now in a time zone, as `YYYY-MM-DD`. */
export function dayAhead(days: number, timeZone = "UTC"): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  const part = Object.fromEntries(parts.formatToParts(Date.now() + days * 86_400_000).map((p) => [p.type, p.value]));
  return `${part["year"]}-${part["month"]}-${part["day"]}`;
}

/** The instant `minutes` from now, in the expiry grammar. */
export function minutesAhead(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString();
}
