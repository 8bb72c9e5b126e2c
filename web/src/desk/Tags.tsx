/** Small labels. */
import type { ComponentChildren, JSX } from "preact";
import { useTools } from "./context";
import type { Names } from "./state";

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

/** Which skill group a matter belongs to, and who is to solve it. */
export function MatterTags({ group = "", tier = 0, names }: { group?: string | undefined; tier?: number | undefined; names: Names }): JSX.Element {
  const { strings } = useTools();
  return (
    <>
      {group && <Tag>{names.groups[group] ?? group}</Tag>}
      {tier > 0 && <Tag tone={tier > 2 ? "blue" : "plain"}>{strings.tier(tier)}</Tag>}
    </>
  );
}

export function LateTags({ kinds }: { kinds: readonly string[] }): JSX.Element {
  const { strings } = useTools();
  return (
    <>
      {[...new Set(kinds)].map((kind) => (
        <Tag key={kind} tone="red">
          {strings.late[kind] ?? kind}
        </Tag>
      ))}
    </>
  );
}
