/** The player's widget: one script with everything in it, for a script tag on any page. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const SCRIPT = "widget.js";
const MOST_BYTES = 60_000; // gzipped: a player on 3G waits for it

/** A script that has grown too large fails the build. */
function sizeLimit(): Plugin {
  let folder = "";
  return {
    name: "size-limit",
    configResolved: (config) => void (folder = config.build.outDir),
    closeBundle(): void {
      const bytes = gzipSync(readFileSync(`${folder}/${SCRIPT}`), { level: 9 }).length;
      if (bytes > MOST_BYTES) this.error(`${SCRIPT} has ${bytes} bytes gzipped; at most ${MOST_BYTES} are allowed`);
    },
  };
}

const FACADE = /var \w+=new \w+;function \w+\(\w+,\w+\)\{return \w+\.parse\([^]*export\{([^}]*)\}/;

/** Of marked only the lexer is used; its `marked` function holds on to everything else, so it is cut off. */
function lexerOnly(): Plugin {
  return {
    name: "lexer-only",
    transform(code, id): string | undefined {
      if (!id.endsWith("marked.esm.js")) return undefined;
      const lexer = FACADE.exec(code)?.[1]?.split(",").find((name) => name.endsWith(" as Lexer"));
      if (!lexer) this.error("marked is built otherwise than expected; see lexerOnly in vite.widget.config.ts");
      return code.replace(FACADE, `export{${lexer}}`);
    },
  };
}

export default defineConfig({
  publicDir: false,
  plugins: [lexerOnly(), sizeLimit()],
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    lib: {
      entry: "src/widget/element.tsx",
      formats: ["iife"],
      name: "YunlanSupport",
      fileName: () => SCRIPT,
    },
  },
});
