/** One line in the log about what happened to the conversation. */
import type { JSX } from "preact";
import { Masked } from "../core/masked";
import type { Entry } from "../protocol";
import { useTools } from "./context";
import { eventWords, quotedText } from "./events";
import { moment, When } from "./When";

export function StatusLine({ entry }: { entry: Entry }): JSX.Element | null {
  const { strings, language } = useTools();
  const words = eventWords(entry, strings, (at) => moment(at, language));
  if (!words) return null;
  const quoted = quotedText(entry);
  return (
    <p class="status-line" data-n={entry.n} data-event={entry.event}>
      <span>{words}</span>
      <When at={entry.at} />
      {quoted !== "" && (
        <span class="quoted-text">
          <Masked text={quoted} names={strings.masked} />
        </span>
      )}
    </p>
  );
}
