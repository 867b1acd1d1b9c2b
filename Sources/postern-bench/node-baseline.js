#!/usr/bin/env node
// The other side of `postern-bench jsonata`: JSON.parse, evaluate and JSON.stringify by the reference.
//
//   node Sources/postern-bench/node-baseline.js PATH/TO/jsonata.js CASES.json [--json] [POSTERN.json]
//
// POSTERN.json is what `postern-bench jsonata --cases CASES.json --json` printed on the same machine:
// with it the ratios and their geometric mean are printed. Compiled once, like ours; median of 15
// samples of about 10 ms after a warm-up.
"use strict";
const fs = require("fs");
const path = require("path");

const files = process.argv.slice(2).filter((argument) => argument !== "--json");
const asJSON = process.argv.includes("--json");
if (files.length < 2) {
    console.error("usage: node-baseline.js JSONATA_JS CASES [--json] [POSTERN_JSON]");
    process.exit(2);
}
const jsonata = require(path.resolve(files[0]));
const cases = JSON.parse(fs.readFileSync(files[1], "utf8"));
const ours = files[2] ? JSON.parse(fs.readFileSync(files[2], "utf8")) : null;

async function time(count, body) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < count; i++) await body();
    return Number(process.hrtime.bigint() - start);
}

async function median(body) {
    let count = 1;
    // Twice through the loop, so that the compiler of the engine has seen it.
    for (let spent = 0; spent < 20e6; spent = await time(count, body)) count *= 2;
    const samples = [];
    for (let i = 0; i < 15; i++) samples.push((await time(count, body)) / count);
    return samples.sort((a, b) => a - b)[7];
}

(async () => {
    const rows = [];
    for (const item of cases) {
        const text = JSON.stringify(item.input);
        const expression = jsonata(item.expression);
        const document = JSON.parse(text);
        rows.push({
            name: item.name,
            compile: await median(() => jsonata(item.expression)),
            evaluate: await median(() => expression.evaluate(document)),
            fromText: await median(async () =>
                JSON.stringify(await expression.evaluate(JSON.parse(text)))),
        });
    }
    if (asJSON) return console.log(JSON.stringify(rows));
    let logarithms = 0;
    for (const row of rows) {
        const mine = ours && (ours.cases || ours).find((other) => other.name === row.name);
        const ratio = mine ? row.fromText / (mine.from_text_ns ?? mine.fromText) : 0;
        logarithms += Math.log(ratio || 1);
        console.log(
            row.name.padEnd(24), row.compile.toFixed(0).padStart(9),
            row.evaluate.toFixed(0).padStart(9), row.fromText.toFixed(0).padStart(9),
            mine ? ratio.toFixed(1).padStart(7) + "x" : "");
    }
    if (ours) console.log("geometric mean", Math.exp(logarithms / rows.length).toFixed(2) + "x");
})();
