/** The player's widget: one script with everything in it, for a script tag on any page. */
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    lib: {
      entry: "src/widget/element.tsx",
      formats: ["iife"],
      name: "YunlanSupport",
      fileName: () => "widget.js",
    },
  },
});
