// The numbers of the chapters have changed. What a browser kept under the old numbers gets the new ones here. The file
// learner/progress/numbering.go does the same for what the coach keeps.

const numbering = 2; // which numbers the chapters have; what names none has the numbers before

// moved are the predictions that were in the old chapter 3, and are now in chapter 4.
const moved = ["cost", "emfile", "flags", "zombies"];

const later = (chapter) => (Number(chapter) >= 4 ? Number(chapter) + 1 : Number(chapter));

// rename gives a prediction, such as 4.departures, its new name.
function rename(name) {
  const [, chapter, own] = name.match(/^(\d+)\.(.*)$/s) ?? [];
  if (chapter === undefined) return name;
  return chapter === "3" && moved.includes(own) ? `4.${own}` : `${later(chapter)}.${own}`;
}

const keys = (map = {}, change) => Object.fromEntries(Object.entries(map).map(([key, value]) => [change(key), value]));

// renumbered returns what the browser has kept, with the numbers of today. A reader who has finished the old chapter 3
// has read what is now in the chapters 3 and 4.
export function renumbered(kept) {
  if (kept.numbering === numbering) return kept;
  const finished = keys(kept.finished, later);
  if (finished[3]) finished[4] = true;
  return {
    ...kept, numbering, finished,
    places: keys(kept.places, later),
    predictions: keys(kept.predictions, rename),
    last: kept.last === undefined ? undefined : later(kept.last),
  };
}
