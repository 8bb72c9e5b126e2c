/** Log-in or desk, and what stands over both. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../core/store";
import { useTools } from "./context";
import { Center } from "./Center";
import { Login } from "./Login";
import { Side } from "./Side";
import { Sidebar } from "./Sidebar";
import { totalUnread, type DeskState } from "./state";
import { Toasts } from "./Toasts";
import { TopBar } from "./TopBar";

export function App(): JSX.Element {
  const { session, strings } = useTools();
  const state = useStore(session.store);
  useTitle(state);
  if (state.phase === "login") return <Login />;
  if (state.phase !== "in") {
    const words = state.phase === "checking" ? strings.loading : strings.login.failed;
    return (
      <p class="splash" role="status">
        {words}
      </p>
    );
  }
  return <Desk state={state} />;
}

function Desk({ state }: { state: DeskState }): JSX.Element {
  const [sideOpen, setSideOpen] = useState(false);
  const selected = state.selected ? state.followed[state.selected] : undefined;
  return (
    <div class={sideOpen ? "desk side-open" : "desk"}>
      <TopBar state={state} />
      <Sidebar state={state} />
      <Center key={selected?.id ?? ""} state={state} conversation={selected} onSide={() => setSideOpen(!sideOpen)} />
      <Side key={`side-${selected?.id ?? ""}`} state={state} conversation={selected} onClose={() => setSideOpen(false)} />
      <Toasts state={state} />
    </div>
  );
}

/** What waits for the agent stands in the tab's title. */
function useTitle(state: DeskState): void {
  const { strings } = useTools();
  const waiting = state.phase === "in" ? totalUnread(state) + state.queueTotal : 0;
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${strings.product}` : strings.product;
  }, [waiting, strings]);
}
