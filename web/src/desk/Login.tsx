/** The agent's log-in. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { CloudMark } from "../core/icons";
import { duration } from "../core/time";
import type { DeskStrings } from "../strings/zh";
import { ApiError, logIn } from "./api";
import { useTools } from "./context";

export function Login(): JSX.Element {
  const { session, strings } = useTools();
  const words = strings.login;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      session.enter(await logIn(name.trim(), password));
    } catch (error) {
      setProblem(reasonOf(error, words));
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form class="login-card" onSubmit={(event) => void submit(event)}>
        <span class="login-mark">
          <CloudMark size={34} />
        </span>
        <h1>{strings.product}</h1>
        <p class="soft">{strings.tagline}</p>
        <label>
          {words.name}
          <input
            ref={field}
            data-testid="login-name"
            autocomplete="username"
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label>
          {words.password}
          <input
            data-testid="login-password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        {problem && (
          <p class="problem" role="alert" data-testid="login-problem">
            {problem}
          </p>
        )}
        <button class="button wide" type="submit" data-testid="login-submit" disabled={busy}>
          {busy ? words.busy : words.submit}
        </button>
      </form>
    </main>
  );
}

function reasonOf(error: unknown, words: DeskStrings["login"]): string {
  if (!(error instanceof ApiError)) return words.failed;
  if (error.code === "locked") return words.locked(duration(Number(error.data["retry_after_s"] ?? 60) * 1000));
  return error.status === 401 ? words.bad : words.failed;
}
