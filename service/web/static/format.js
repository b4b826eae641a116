// Numbers and moments as text. A missing number is a dash, never zero.

/** Milliseconds since 1970 of an ISO moment with nanoseconds, which not every browser can read. */
export const ms = (iso) => Date.parse(`${iso.slice(0, 23)}Z`);

export const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

export const number = (value, digits = 0) => (known(value) ? value.toFixed(digits).replace("-", "−") : "–");

/** 83.4 s as 1:23, 4000 s as 1:06:40. */
export function duration(milliseconds) {
  const total = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** A stretch of time in a word or two: "14 min", "2 h". */
export function about(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** A moment as short as it can be told apart: the time of day, or the day where that is another one. */
export function clock(milliseconds, now) {
  const [date, today] = [new Date(milliseconds), new Date(now)];
  return date.toDateString() === today.toDateString()
    ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString([], { day: "numeric", month: "short" });
}

export const bout = (activity) => ({ running: "Run", walking: "Walk" })[activity] ?? "Outing";

/** A signed percentage in words: 2.1 is "right 2.1 %". */
export function leaning(value, [less, more] = ["left", "right"]) {
  if (!known(value)) return "–";
  return Math.abs(value) < 0.05 ? "even" : `${value > 0 ? more : less} ${Math.abs(value).toFixed(1)} %`;
}

/** An interval in the words of `leaning`, naming the side once where both ends lie on it. */
export function between(low, high, words = ["left", "right"]) {
  if (!known(low) || !known(high)) return "";
  if (low < 0 && high > 0) return `${leaning(low, words)} to ${leaning(high, words)}`;
  const [near, far] = [Math.abs(low), Math.abs(high)].sort((a, b) => a - b);
  return `${low >= 0 ? words[1] : words[0]} ${near.toFixed(1)} to ${far.toFixed(1)} %`;
}

export function median(values) {
  const sorted = values.filter(known).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (!sorted.length) return null;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
