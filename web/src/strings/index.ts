/** The languages of the pages. */
export type Language = "zh" | "zh-Hant" | "en";

export const LANGUAGES: readonly Language[] = ["zh", "zh-Hant", "en"];
const DESK_LANGUAGES: readonly Language[] = ["zh", "en"];

/**
 * The first of `wanted` (attributes, the page's own) that is set, else the browser's; simplified Chinese when it is none of
 * `offered`. Without traditional Chinese on offer, simplified stands for it.
 */
export function pickLanguage(
  wanted: readonly (string | null | undefined)[],
  browser: readonly string[] = navigator.languages,
  offered: readonly Language[] = DESK_LANGUAGES,
): Language {
  const first = wanted.find((tag) => tag);
  for (const tag of first ? [first] : browser) {
    const language = languageOf(tag);
    if (language) return offered.includes(language) ? language : "zh";
  }
  return "zh";
}

// Taiwan, Hong Kong and Macau write traditional characters unless a tag says otherwise.
const TRADITIONAL = /^zh(?!.*-hans)(?=.*-(?:hant|tw|hk|mo)\b)/;

function languageOf(tag: string): Language | undefined {
  const small = tag.toLowerCase().replaceAll("_", "-");
  const primary = small.split("-")[0];
  if (primary === "en") return "en";
  if (primary !== "zh") return undefined;
  return TRADITIONAL.test(small) ? "zh-Hant" : "zh";
}

const LOCALES: Record<Language, string> = { zh: "zh-CN", "zh-Hant": "zh-TW", en: "en-GB" };

/** The BCP 47 tag that dates are written in. */
export function locale(language: Language): string {
  return LOCALES[language];
}
