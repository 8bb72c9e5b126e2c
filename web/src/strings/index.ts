/** The languages of the pages. */
export type Language = "zh" | "en";

/** The first of `wanted` (attributes, the page's own) that is set, else the browser's; Chinese when it is none of ours. */
export function pickLanguage(
  wanted: readonly (string | null | undefined)[],
  browser: readonly string[] = navigator.languages,
): Language {
  const first = wanted.find((tag) => tag);
  for (const tag of first ? [first] : browser) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "zh" || primary === "en") return primary;
  }
  return "zh";
}

/** The BCP 47 tag that dates are written in. */
export function locale(language: Language): string {
  return language === "zh" ? "zh-CN" : "en-GB";
}
