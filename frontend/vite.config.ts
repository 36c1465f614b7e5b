import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    proxy: {
      "/api": server,
      "^/u/": server,
      "/swagger": server,
      "/openapi.json": server,
    },
  },
  build: {
    // The server's Content-Security-Policy allows fonts and scripts from itself only, not from data: addresses.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
