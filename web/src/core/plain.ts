/** Markdown as plain text, for a file that is read in any editor. */
import { Lexer, type Token, type Tokens } from "marked";

/** `image` stands for a picture without words. */
export function plainText(markdown: string, image: string): string {
  return blocks(Lexer.lex(markdown, { gfm: true, breaks: true }), image).join("\n").trim();
}

function blocks(tokens: readonly Token[], image: string): string[] {
  return tokens.flatMap((token) => block(token, image));
}

function block(token: Token, image: string): string[] {
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "list":
      return list(token as Tokens.List, image);
    case "table":
      return table(token as Tokens.Table, image);
    case "blockquote":
      return blocks(token.tokens ?? [], image).map((line) => `> ${line}`);
    case "hr":
      return ["----"];
    case "code":
      return [(token as Tokens.Code).text];
    default:
      return [inline(token, image)];
  }
}

function list(token: Tokens.List, image: string): string[] {
  const first = Number(token.start) || 1;
  return token.items.flatMap((item, i) => {
    const mark = token.ordered ? `${first + i}. ` : "- ";
    const indent = " ".repeat(mark.length);
    return blocks(item.tokens, image).map((line, at) => (at === 0 ? mark : indent) + line);
  });
}

function table(token: Tokens.Table, image: string): string[] {
  const row = (cells: Tokens.TableCell[]): string => cells.map((cell) => inlines(cell.tokens, image)).join(" | ");
  return [row(token.header), ...token.rows.map(row)];
}

function inlines(tokens: readonly Token[], image: string): string {
  return tokens.map((token) => inline(token, image)).join("");
}

function inline(token: Tokens.Generic, image: string): string {
  switch (token.type) {
    case "br":
      return "\n";
    case "image":
      return token["text"] ? `${image} ${token["text"]}` : image;
    case "link":
      return link(token as Tokens.Link, image);
    default:
      return token.tokens ? inlines(token.tokens, image) : String(token["text"] ?? token.raw);
  }
}

function link(token: Tokens.Link, image: string): string {
  const words = inlines(token.tokens, image);
  return words === token.href || token.raw === token.text ? words : `${words} (${token.href})`;
}
