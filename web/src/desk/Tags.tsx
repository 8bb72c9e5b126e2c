/** Small labels. */
import type { ComponentChildren, JSX } from "preact";
import { useTools } from "./context";

export function Tag({ tone = "plain", children }: { tone?: string; children: ComponentChildren }): JSX.Element {
  return <span class={`tag ${tone}`}>{children}</span>;
}

export function VipTag({ level }: { level: number }): JSX.Element | null {
  const { strings } = useTools();
  return level > 0 ? <Tag tone="gold">{strings.vip(level)}</Tag> : null;
}

const TONES = ["plain", "blue", "amber", "red"];

export function UrgencyTag({ level }: { level: number }): JSX.Element | null {
  const { strings } = useTools();
  return level > 0 ? <Tag tone={TONES[level] ?? "red"}>{strings.urgency[level] ?? String(level)}</Tag> : null;
}
