/** Log-in or desk, and what stands over both. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { read, write } from "../core/keep";
import { useStore } from "../core/store";
import { useTools } from "./context";
import { BreakBanner } from "./Banners";
import { BoardPage } from "./BoardPage";
import { Center } from "./Center";
import { FollowUpsPage } from "./FollowUpsPage";
import { Login } from "./Login";
import { Offers } from "./Offers";
import { OutcomesPage } from "./OutcomesPage";
import { Rail } from "./Rail";
import { Side } from "./Side";
import { Sidebar } from "./Sidebar";
import { totalUnread, type DeskState } from "./state";
import { TicketsPage } from "./TicketsPage";
import { Toasts } from "./Toasts";
import { TopBar } from "./TopBar";

const SOUND = "desk-sound";

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
  const [sound, setSound] = useState(read<boolean>(SOUND) ?? false);
  const toggleSound = (): void => {
    write(SOUND, !sound);
    setSound(!sound);
  };
  return (
    <div class={sideOpen ? "desk side-open" : "desk"}>
      <TopBar state={state} />
      <BreakBanner state={state} />
      <Offers state={state} sound={sound} />
      <Rail state={state} sound={sound} onSound={toggleSound} />
      <Page state={state} onSide={setSideOpen} sideOpen={sideOpen} />
      <Toasts state={state} />
    </div>
  );
}

interface PageProps {
  state: DeskState;
  sideOpen: boolean;
  onSide(open: boolean): void;
}

function Page({ state, sideOpen, onSide }: PageProps): JSX.Element {
  switch (state.tab) {
    case "tickets":
      return <TicketsPage state={state} />;
    case "board":
      return <BoardPage state={state} />;
    case "follow_ups":
      return <FollowUpsPage />;
    case "outcomes":
      return <OutcomesPage />;
    case "chats":
      return <Chats state={state} sideOpen={sideOpen} onSide={onSide} />;
  }
}

function Chats({ state, sideOpen, onSide }: PageProps): JSX.Element {
  const selected = state.selected ? state.followed[state.selected] : undefined;
  return (
    <>
      <Sidebar state={state} />
      <Center key={selected?.id ?? ""} state={state} conversation={selected} onSide={() => onSide(!sideOpen)} />
      <Side key={`side-${selected?.id ?? ""}`} state={state} conversation={selected} onClose={() => onSide(false)} />
    </>
  );
}

/** What waits for the agent stands in the tab's title. */
function useTitle(state: DeskState): void {
  const { strings } = useTools();
  const waiting = state.phase === "in" ? totalUnread(state) + state.queueTotal + state.offers.length : 0;
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${strings.product}` : strings.product;
  }, [waiting, strings]);
}
