/** What a page shows before, instead of and beside what it has read. */
import type { JSX } from "preact";
import type { Polled } from "./polled";
import { useTools } from "./context";

export function Loaded<T>({ polled, children }: { polled: Polled<T>; children(value: T): JSX.Element }): JSX.Element {
  const { strings } = useTools();
  const words = strings.page;
  const { value, problem, reload } = polled;
  if (value === null && !problem) {
    return (
      <p class="nothing" role="status">
        {words.loading}
      </p>
    );
  }
  const forbidden = problem === "forbidden";
  if (value === null || forbidden) {
    return (
      <p class="nothing" role="alert" data-testid="page-problem">
        {forbidden ? words.forbidden : words.failed}{" "}
        {!forbidden && (
          <button class="link-button" type="button" onClick={reload}>
            {words.retry}
          </button>
        )}
      </p>
    );
  }
  return (
    <>
      {problem && (
        <p class="stale" role="status">
          {words.stale}
        </p>
      )}
      {children(value)}
    </>
  );
}
