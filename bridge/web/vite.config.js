// SPDX-License-Identifier: GPL-2.0-only
// The built files are kept in git and compared byte for byte, so their names
// and bytes depend on nothing but the sources and the lockfile.
import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

const LIBRARIES = ["@tanstack/virtual-core", "anser", "uplot"];

function licenses() {
	const texts = LIBRARIES.map((name) => {
		const text = readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim();
		return `${name}\n\n${text}\n`;
	});
	return ["The viewer of memlog is GPL-2.0-only. It contains:\n", ...texts]
		.join("\n----------------------------------------\n\n");
}

export default defineConfig({
	base: "./",
	build: {
		outDir: "dist",
		emptyOutDir: true,
		target: "es2022",
		modulePreload: false,
		assetsInlineLimit: 0,
		rollupOptions: {
			output: {
				entryFileNames: "viewer.js",
				assetFileNames: "viewer[extname]",
			},
		},
	},
	worker: {
		format: "es",
		rollupOptions: { output: { entryFileNames: "engine.js" } },
	},
	plugins: [{
		name: "licenses",
		apply: "build",
		generateBundle() {
			this.emitFile({ type: "asset", fileName: "licenses.txt", source: licenses() });
		},
	}],
});
