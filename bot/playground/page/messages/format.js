// Turns times, sizes, ids and people into the words and values the page shows or sends. Pure functions.

import { t } from "../i18n.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const fullDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "2-digit", year: "numeric" });
const everything = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const DISCORD_EPOCH = 1420070400000n;

/** Whole days between the local calendar days of two dates. */
function daysBetween(earlier, later) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(later) - midnight(earlier)) / 86_400_000);
}

/** "14:03" */
export const clockTime = (date) => clock.format(date);

/** "Monday, 3 August 2026 at 14:03" */
export const longTime = (date) => everything.format(date);

/** "Today at 14:03", "Yesterday at 14:03" or "03/08/2026 14:03" */
export function stamp(date, now = new Date()) {
  const days = daysBetween(date, now);
  if (days === 0) return t("Today at {time}", { time: clockTime(date) });
  if (days === 1) return t("Yesterday at {time}", { time: clockTime(date) });
  return `${shortDate.format(date)} ${clockTime(date)}`;
}

/** "Today", "Yesterday" or "3 August 2026" */
export function dayName(date, now = new Date()) {
  const days = daysBetween(date, now);
  return days === 0 ? t("Today") : days === 1 ? t("Yesterday") : fullDate.format(date);
}

export const sameDay = (a, b) => daysBetween(a, b) === 0;

/** Discord's `<t:seconds:style>` as words. */
export function discordTime(seconds, style) {
  const date = new Date(seconds * 1000);
  if (style === "t" || style === "T") return clockTime(date);
  if (style === "d") return shortDate.format(date);
  if (style === "D") return fullDate.format(date);
  if (style !== "R") return longTime(date);
  const ago = (date - Date.now()) / 1000;
  const units = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = units.find(([, length]) => Math.abs(ago) >= length) ?? ["second", 1];
  return relative.format(Math.round(ago / size), unit);
}

/** "820 bytes", "12.3 KB", "4.1 MB" */
export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Orders two snowflakes: negative when `a` is the older. */
export function olderFirst(a, b) {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

let lastNonce = 0n;

/** A fresh nonce: a snowflake of this moment, larger than every one before. */
export function newNonce() {
  const now = (BigInt(Date.now()) - DISCORD_EPOCH) << 22n;
  lastNonce = now > lastNonce ? now : lastNonce + 1n;
  return lastNonce.toString();
}

/** What to call a user: server nickname, display name, user name. */
export function displayName(user, member = null) {
  return member?.nick || user?.global_name || user?.username || t("Someone");
}

