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
    // A file for what every first visit needs and one for what most screens share: left alone they are some fifty
    // and some twenty small ones, and a far server answers a handful at a time.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "first", tags: ["$initial"], priority: 2 },
            { name: "shared", minShareCount: 5, priority: 1 },
          ],
        },
      },
    },
  },
});
