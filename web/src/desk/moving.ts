/** A step of a ticket or a task on its way: asked for its words, sent, and sent again under the same id when it failed. */
import { useRef, useState } from "preact/hooks";
import { commandId } from "../core/ids";
import { ApiError } from "./api";
import { codeOf } from "./polled";
import type { Move } from "./tickets";

/** Gives a repeat of the same step its id again, so that the server does it once. */
export class MoveIds {
  #body = "";
  #id = "";

  of(event: string, text: string, version: number): string {
    const body = JSON.stringify([event, text, version]);
    if (body !== this.#body) {
      this.#body = body;
      this.#id = commandId();
    }
    return this.#id;
  }
}

export interface Refusal {
  code: string;
  who: string; // the agent who has it now, "" when that is not the point
}

export function refusalOf(error: unknown): Refusal {
  const data = error instanceof ApiError ? error.data : {};
  return { code: codeOf(error), who: String(data["agent"] || data["assignee"] || "") };
}

export interface Moving<E extends string> {
  asking: E | null; // the step whose words are asked for
  busy: boolean;
  problem: Refusal | null;
  ask(event: E): void;
  cancel(): void;
  go(event: E, text: string): void;
}

/** `post` sends a step of what has `version`; `done` is called when it was taken or refused. */
export function useMoves<E extends string>(version: number, post: (event: E, move: Move) => Promise<void>, done: () => void): Moving<E> {
  const [asking, setAsking] = useState<E | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Refusal | null>(null);
  const ids = useRef(new MoveIds());
  const go = async (event: E, text: string): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await post(event, { id: ids.current.of(event, text, version), text, version });
      setAsking(null);
    } catch (error) {
      setProblem(refusalOf(error));
    }
    setBusy(false);
    done();
  };
  return {
    asking,
    busy,
    problem,
    ask: (event) => {
      setProblem(null);
      setAsking(event);
    },
    cancel: () => setAsking(null),
    go: (event, text) => void go(event, text),
  };
}
