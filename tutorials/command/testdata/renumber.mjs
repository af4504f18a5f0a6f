// What a browser has kept gets the numbers that the chapters have now.
import assert from "node:assert/strict";
import { renumbered } from "./renumber.js";

const now = renumbered({
  finished: { 1: true, 3: true, 5: true },
  places: { 3: "remember", 4: "predict" },
  last: 4,
  predictions: { "1.backlog": "3", "3.copies": "two", "3.emfile": "no", "4.departures": "RST", "8.later": "40 ms", odd: "x" },
  theme: "dark",
});
assert.deepEqual(now, {
  numbering: 2,
  finished: { 1: true, 3: true, 4: true, 6: true },
  places: { 3: "remember", 5: "predict" },
  last: 5,
  predictions: { "1.backlog": "3", "3.copies": "two", "4.emfile": "no", "5.departures": "RST", "9.later": "40 ms", odd: "x" },
  theme: "dark",
});
assert.deepEqual(renumbered(now), now); // only once
assert.deepEqual(renumbered({}), { numbering: 2, finished: {}, places: {}, predictions: {}, last: undefined });
assert.equal(renumbered({ last: 3 }).last, 3);
console.log("ok");
