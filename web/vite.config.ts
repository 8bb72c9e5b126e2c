/** The pages: the demo of the game (index.html) and the agent's desk (desk.html). */
import { defineConfig } from "vite";

const backend = "http://127.0.0.1:8000";

export default defineConfig({
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: { input: ["index.html", "desk.html"] },
  },
  server: {
    proxy: { "/api": backend, "/widget.js": backend, "/ws": { target: backend, ws: true } },
  },
});
