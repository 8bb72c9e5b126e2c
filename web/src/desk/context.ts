/** What every component of the desk may use. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Language } from "../strings";
import { desk as zh, type DeskStrings } from "../strings/zh";
import type { DeskSession } from "./session";

export interface Tools {
  session: DeskSession;
  strings: DeskStrings;
  language: Language;
}

export const ToolsContext = createContext<Tools>({
  session: undefined as unknown as DeskSession,
  strings: zh,
  language: "zh",
});

export const useTools = (): Tools => useContext(ToolsContext);
