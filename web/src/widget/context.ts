/** What every component of the widget may use. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Language } from "../strings";
import { widget as zh, type WidgetStrings } from "../strings/zh";
import type { Session } from "./session";

export interface Tools {
  session: Session;
  strings: WidgetStrings;
  language: Language;
}

export const ToolsContext = createContext<Tools>({
  session: undefined as unknown as Session,
  strings: zh,
  language: "zh",
});

export const useTools = (): Tools => useContext(ToolsContext);
