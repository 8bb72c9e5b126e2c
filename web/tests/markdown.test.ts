import { describe, expect, it } from "vitest";
import type { VNode } from "preact";
import { Markdown, safeHref } from "../src/core/markdown";

const BASE = "https://support.example";

/** A tree of Preact nodes as HTML-like text, enough to see what there is. */
function flat(node: unknown): string {
  if (Array.isArray(node)) return node.map(flat).join("");
  if (node === null || node === undefined || typeof node === "boolean") return "";
  if (typeof node === "string" || typeof node === "number") return `'${node}'`;
  const { type, props } = node as VNode<{ children?: unknown; href?: string; src?: string }>;
  const name = typeof type === "string" ? type : "";
  return `<${name}${props.href ? ` ${props.href}` : ""}${props.src ? ` ${props.src}` : ""}>${flat(props.children)}</${name}>`;
}

const show = (text: string): string => flat(Markdown({ text, base: BASE }));

describe("Markdown", () => {
  it("shows HTML as the text it is", () => {
    expect(show("a <script>alert(1)</script>")).toBe("<div><p>'a ''<script>''alert(1)''</script>'</p></div>");
    expect(show("<img src=x onerror=alert(1)>")).toBe("<div><p>'<img src=x onerror=alert(1)>'</p></div>");
  });

  it("follows links of the web only", () => {
    expect(safeHref("/self", BASE)).toBe("https://support.example/self");
    for (const bad of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "file:///x"]) {
      expect(safeHref(bad, BASE)).toBeNull();
    }
    expect(show("[x](javascript:alert(1))")).not.toContain("<a");
  });

  it("ends a bare address where Chinese text begins", () => {
    expect(show("看 https://yunlan.example/support。也可以")).toContain(
      "<a https://yunlan.example/support>'https://yunlan.example/support'</a>'。也可以'",
    );
  });

  it("takes pictures from the server itself only", () => {
    expect(show("![p](/a.png)")).toContain("<img https://support.example/a.png>");
    expect(show("![p](https://other.example/a.png)")).not.toContain("<img");
  });

  it("knows lists, tables and emphasis", () => {
    expect(show("1. **a**\n2. b")).toContain("<ol><li>");
    expect(show("| a | b |\n| - | - |\n| 1 | 2 |")).toContain("<td>'1'</td>");
  });
});
