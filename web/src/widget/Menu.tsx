/** The player's own settings, behind a button in the header: a small dialog that leaves the chat usable. */
import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { CrossIcon, DownloadIcon, SettingsIcon } from "../core/icons";
import { LANGUAGES } from "../strings";
import { useTools } from "./context";
import { THEMES, type Preferences } from "./preferences";

export function Menu(): JSX.Element {
  const { strings } = useTools();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const leave = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        class="icon-button"
        data-testid="menu-button"
        aria-label={strings.menu.open}
        title={strings.menu.open}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <SettingsIcon />
      </button>
      {open && <Settings button={button} onLeave={leave} onAway={() => setOpen(false)} />}
    </>
  );
}

interface Props {
  button: RefObject<HTMLButtonElement | null>;
  onLeave(): void; // by its own means: the focus goes back to the button
  onAway(): void; // the player has gone elsewhere
}

function Settings({ button, onLeave, onAway }: Props): JSX.Element {
  const { strings, preferences, choose, download } = useTools();
  const words = strings.menu;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  useLeavingBySight(box, button, onAway);
  const keyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onLeave();
  };
  return (
    <div ref={box} class="menu" role="dialog" aria-label={words.title} tabIndex={-1} data-testid="menu" onKeyDown={keyDown}>
      <div class="menu-head">
        <h3>{words.title}</h3>
        <button class="icon-button" aria-label={words.close} onClick={onLeave}>
          <CrossIcon />
        </button>
      </div>
      <Switch name="large" label={words.large} />
      <Switch name="simple" label={words.simple} hint={words.simpleHint} />
      <Choice
        name="theme"
        label={words.theme}
        value={preferences.theme}
        options={THEMES.map((theme) => [theme, words.themes[theme]])}
        onChoose={(theme) => choose({ theme })}
      />
      <Choice
        name="language"
        label={words.language}
        value={preferences.language}
        options={LANGUAGES.map((language) => [language, words.languages[language]])}
        onChoose={(language) => choose({ language })}
      />
      <Switch name="suggestions" label={words.suggestions} hint={words.suggestionsHint} />
      <Switch name="sound" label={words.sound} hint={words.soundHint} />
      <button class="menu-action" data-testid="download" onClick={download}>
        <DownloadIcon />
        {words.download}
      </button>
    </div>
  );
}

interface SwitchProps {
  name: "large" | "simple" | "sound" | "suggestions";
  label: string;
  hint?: string;
}

function Switch({ name, label, hint }: SwitchProps): JSX.Element {
  const { preferences, choose } = useTools();
  const on = preferences[name];
  const change: Partial<Preferences> = { [name]: !on };
  return (
    <button class="switch" role="switch" aria-checked={on} data-testid={`switch-${name}`} onClick={() => choose(change)}>
      <span>
        {label}
        {hint && <small>{hint}</small>}
      </span>
      <span class="switch-track" aria-hidden="true" />
    </button>
  );
}

interface ChoiceProps<Value extends string> {
  name: string;
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChoose(value: Value): void;
}

function Choice<Value extends string>({ name, label, value, options, onChoose }: ChoiceProps<Value>): JSX.Element {
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div class="choice-options">
        {options.map(([option, words]) => (
          <label key={option} class={option === value ? "chosen" : ""} data-testid={`${name}-${option}`}>
            <input class="sr" type="radio" name={name} value={option} checked={option === value} onChange={() => onChoose(option)} />
            {words}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** A press outside, or the focus gone elsewhere, puts the dialog away. */
function useLeavingBySight(box: RefObject<Node | null>, button: RefObject<Node | null>, onAway: () => void): void {
  useEffect(() => {
    const root = box.current?.getRootNode();
    const look = (event: Event): void => {
      const target = event.target as Node;
      if (!box.current?.contains(target) && !button.current?.contains(target)) onAway();
    };
    for (const name of ["pointerdown", "focusin"]) root?.addEventListener(name, look);
    return () => {
      for (const name of ["pointerdown", "focusin"]) root?.removeEventListener(name, look);
    };
  }, []);
}
