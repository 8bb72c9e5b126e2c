/**
 * Markdown as Preact nodes. No HTML is ever parsed: what marked can't name as Markdown is shown as the text it is, so
 * an answer can hold nothing but the elements built here.
 */
import { Lexer, type Token, type Tokens } from "marked";
import type { ComponentChildren, JSX } from "preact";

type Node = ComponentChildren;

export function Markdown({ text, base }: { text: string; base: string }): JSX.Element {
  return <div class="md">{blocks(Lexer.lex(text, { gfm: true, breaks: true }), base)}</div>;
}

/** The address that a link in an answer leads to, or null when it may not be followed. */
export function safeHref(href: string, base: string): string | null {
  try {
    const url = new URL(href, base);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

function blocks(tokens: Token[] | undefined, base: string): Node {
  return (tokens ?? []).map((token) => block(token, base));
}

function block(token: Token, base: string): Node {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      return <h4>{inlines(token.tokens, base)}</h4>;
    case "paragraph":
      return <p>{inlines(token.tokens, base)}</p>;
    case "blockquote":
      return <blockquote>{blocks(token.tokens, base)}</blockquote>;
    case "list":
      return list(token as Tokens.List, base);
    case "code":
      return (
        <pre>
          <code>{(token as Tokens.Code).text}</code>
        </pre>
      );
    case "hr":
      return <hr />;
    case "table":
      return table(token as Tokens.Table, base);
    case "html":
      return <p>{token.raw}</p>;
    default:
      return inline(token, base);
  }
}

function list(token: Tokens.List, base: string): Node {
  const items = token.items.map((item) => <li>{blocks(item.tokens, base)}</li>);
  return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function table(token: Tokens.Table, base: string): Node {
  const head = token.header.map((cell) => <th>{inlines(cell.tokens, base)}</th>);
  const rows = token.rows.map((row) => (
    <tr>
      {row.map((cell) => (
        <td>{inlines(cell.tokens, base)}</td>
      ))}
    </tr>
  ));
  return (
    <div class="md-table">
      <table>
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody>{rows}</tbody>
      </table>
    </div>
  );
}

function inlines(tokens: Token[] | undefined, base: string): Node {
  return (tokens ?? []).map((token) => inline(token, base));
}

function inline(token: Token, base: string): Node {
  switch (token.type) {
    case "strong":
      return <strong>{inlines(token.tokens, base)}</strong>;
    case "em":
      return <em>{inlines(token.tokens, base)}</em>;
    case "del":
      return <del>{inlines(token.tokens, base)}</del>;
    case "codespan":
      return <code>{(token as Tokens.Codespan).text}</code>;
    case "br":
      return <br />;
    case "link":
      return link(token as Tokens.Link, base);
    case "image":
      return image(token as Tokens.Image, base);
    case "text":
      return token.tokens ? inlines(token.tokens, base) : (token as Tokens.Text).text;
    case "escape":
      return (token as Tokens.Escape).text;
    default:
      return token.raw;
  }
}

// Chinese text follows an address without a space; marked takes it for a part of the address.
const CHINESE = /[\u2018-\u201f\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]/;

function link(token: Tokens.Link, base: string): Node {
  const bare = token.raw === token.text;
  const end = bare ? token.text.search(CHINESE) : -1;
  const href = safeHref(end < 0 ? token.href : token.text.slice(0, end), base);
  const label = end < 0 ? inlines(token.tokens, base) : token.text.slice(0, end);
  const rest = end < 0 ? null : token.text.slice(end);
  if (href === null) return [label, rest];
  return [
    <a href={href} target="_blank" rel="noopener noreferrer">
      {label}
    </a>,
    rest,
  ];
}

/** Pictures come from our own server only: one from elsewhere would tell its owner who reads it. */
function image(token: Tokens.Image, base: string): Node {
  const href = safeHref(token.href, base);
  if (href === null || new URL(href).origin !== new URL(base).origin) return token.text;
  return <img src={href} alt={token.text} loading="lazy" />;
}
