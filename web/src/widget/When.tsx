/** A moment as the player reads it. */
import type { JSX } from "preact";
import { clockTime, dayAndTime, sameDay } from "../core/time";
import { locale, type Language } from "../strings";
import { useTools } from "./context";

/** The time of day, with its day when that is not today; `at` in UTC milliseconds. */
export function moment(at: number, language: Language): string {
  const tag = locale(language);
  return sameDay(at, Date.now()) ? clockTime(at, tag) : dayAndTime(at, tag);
}

export function When({ at }: { at: number }): JSX.Element {
  return <time dateTime={new Date(at).toISOString()}>{moment(at, useTools().language)}</time>;
}
