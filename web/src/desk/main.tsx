/** The agent's desk: desk.html's one script. `?lang=en` chooses the language. */
import { render } from "preact";
import { pickLanguage } from "../strings";
import { desk as en } from "../strings/en";
import { desk as zh } from "../strings/zh";
import { App } from "./App";
import { ToolsContext } from "./context";
import "./base.css";
import "./frame.css";
import "./thread.css";
import "./offers.css";
import "./pages.css";
import "./side.css";
import { DeskSession } from "./session";

const language = pickLanguage([new URLSearchParams(location.search).get("lang")]);
const strings = language === "zh" ? zh : en;
const session = new DeskSession();
document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
document.addEventListener("visibilitychange", () => session.look());

const root = document.getElementById("desk");
if (root) {
  render(
    <ToolsContext.Provider value={{ session, strings, language }}>
      <App />
    </ToolsContext.Provider>,
    root,
  );
}
void session.check();
