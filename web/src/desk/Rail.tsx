/** The pages of the desk, down the left edge. */
import type { JSX } from "preact";
import { BoltIcon, ChatIcon, CheckIcon, DownIcon, MenuIcon, PersonIcon } from "../core/icons";
import { useTools } from "./context";
import { totalUnread, type DeskState, type Tab } from "./state";
import { supervises } from "./teamwork";

interface Page {
  tab: Tab;
  icon: typeof ChatIcon;
  supervisors: boolean; // for them alone
}

const PAGES: Page[] = [
  { tab: "chats", icon: ChatIcon, supervisors: false },
  { tab: "tickets", icon: MenuIcon, supervisors: false },
  { tab: "board", icon: PersonIcon, supervisors: true },
  { tab: "follow_ups", icon: DownIcon, supervisors: true },
  { tab: "outcomes", icon: CheckIcon, supervisors: true },
];

interface Props {
  state: DeskState;
  sound: boolean;
  onSound(): void;
}

export function Rail({ state, sound, onSound }: Props): JSX.Element {
  const { session, strings } = useTools();
  const pages = PAGES.filter((page) => !page.supervisors || supervises(state.agent));
  const unread = state.tab === "chats" ? 0 : totalUnread(state);
  return (
    <nav class="rail" aria-label={strings.tabs["label"]}>
      {pages.map(({ tab, icon: Icon }) => (
        <button
          key={tab}
          class={tab === state.tab ? "rail-button chosen" : "rail-button"}
          data-testid={`tab-${tab}`}
          aria-current={tab === state.tab ? "page" : undefined}
          onClick={() => session.show(tab)}
        >
          <Icon size={20} />
          {strings.tabs[tab]}
          {tab === "chats" && unread > 0 && (
            <span class="unread" aria-label={strings.unread(unread)}>
              {unread}
            </span>
          )}
        </button>
      ))}
      <button class="rail-button sound" data-testid="sound" aria-pressed={sound} onClick={onSound}>
        <BoltIcon size={18} />
        {strings.tabs["sound"]}
      </button>
    </nav>
  );
}
