// Where the reader stands in the course: what is done in each chapter, what is left, and what to do next. The coach
// knows it. Without the coach, the list of chapters stays as it was written, and says what is missing.

import { at } from "./base.js";

const counted = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

// duration writes minutes as a reader would say them.
function duration(minutes) {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours === 0) return counted(rest, "minute");
  return counted(hours, "hour") + (rest === 0 ? "" : ` ${counted(rest, "minute")}`);
}

// link leads to a page of the site.
function link(url, text) {
  const a = document.createElement("a");
  a.href = at(url);
  a.textContent = text;
  return a;
}

// done says what is done in a chapter, as nodes and texts.
function done({ url, begun, finished, stopped, predictions, experiments, exercise }) {
  if (!begun) return ["Not begun."];
  const words = [];
  if (predictions.all > 0) {
    const right = predictions.made > 0 ? `, ${predictions.right} right` : "";
    words.push(`Predictions: ${predictions.made} of ${predictions.all}${right}.`);
  }
  if (experiments.all > 0) words.push(`Experiments: ${experiments.run} of ${experiments.all}.`);
  if (exercise) {
    const state = exercise.solved ? "solved" : exercise.started ? "started" : "not started";
    words.push(`Exercise: ${state}${exercise.hints > 0 ? `, ${counted(exercise.hints, "hint")}` : ""}.`);
  }
  const text = words.join(" ");
  if (finished || !stopped) return [text];
  return [`${text} You stopped at “`, link(`${url}#${stopped.id}`, stopped.title), "”."];
}

// wordOf says how far a project is.
function wordOf({ done: all, passed, checks }) {
  if (all) return "Your server has passed all checks.";
  return checks > 0 ? `${passed} of ${checks} checks passed the last time.` : "Not begun.";
}

function total({ done: past, left }) {
  if (past === 0) return `Other readers needed about ${duration(left)} for the course.`;
  if (left === 0) return `You have done all of it, which took other readers about ${duration(past)}.`;
  return `You have done what took other readers about ${duration(past)}. About ${duration(left)} are left.`;
}

// next says what to do next, with one link and perhaps a command.
function next({ what, url, command }) {
  const parts = ["Next: ", url ? link(url, what) : what];
  if (command) {
    const code = document.createElement("code");
    code.textContent = command;
    parts.push(" In the terminal: ", code);
  }
  return parts;
}

function write(selector, parts) {
  const place = document.querySelector(selector);
  if (!place) return;
  place.replaceChildren(...parts);
  place.hidden = false;
}

// show fills the places that the list of chapters keeps free.
function show({ chapters, projects, minutes, next: todo }) {
  for (const chapter of chapters) write(`.course [data-chapter="${chapter.number}"] > .done`, done(chapter));
  for (const project of projects) write(`.course [data-project="${project.number}"] > .done`, [wordOf(project)]);
  write(".standing .total", [total(minutes)]);
  write(".standing .next", next(todo));
}

// showStanding asks the coach, and says why if that isn't possible.
export async function showStanding({ coach, why }) {
  if (!document.querySelector(".standing")) return;
  let reason = why;
  if (coach) {
    const places = document.querySelectorAll(".course .done");
    for (const place of places) { // now, so that no line moves when the answer comes
      place.textContent = "…";
      place.hidden = false;
    }
    try {
      show(await coach.get("/standing"));
      return;
    } catch ({ message }) {
      reason = message;
      for (const place of places) place.hidden = true;
    }
  }
  write(".standing .total", [`While the coach runs, this page shows what you have done. ${reason}`]);
}
