/** What every component of the widget may use. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Language } from "../strings";
import { widget as zh, type WidgetStrings } from "../strings/zh";
import type { Preferences } from "./preferences";
import type { Session } from "./session";

export interface Tools {
  session: Session;
  strings: WidgetStrings;
  language: Language;
  preferences: Preferences;
  choose(change: Partial<Preferences>): void; // kept in the browser
  download(): void; // the conversation, as a file
}

export const ToolsContext = createContext<Tools>({
  session: undefined as unknown as Session,
  strings: zh,
  language: "zh",
  preferences: { theme: "system", large: false, simple: false, sound: false, suggestions: true, language: "zh" },
  choose: () => {},
  download: () => {},
});

export const useTools = (): Tools => useContext(ToolsContext);
