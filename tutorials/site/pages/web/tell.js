// The line about a step: its system calls and its action. A step without either one has let time pass, or a thread
// has begun or ended its wait.

import { coming, duration } from "./dom.js";
import { isOfProgram } from "./machine.js";
import { written } from "./program.js";

const brief = 100; // characters of a call's arguments
const most = 3; // events that the line names

// telling are the events that the line about the step names: of many those by which processes begin and end.
function telling(events) {
  if (events.length <= most) return events;
  const vital = events.filter(({ Call }) => /^(clone|execve|exit|exit_group)$/.test(Call));
  return (vital.length > 0 ? vital : events).slice(0, most);
}

const threadsOf = ({ Processes }) =>
  (Processes ?? [])
    .filter(({ Program }) => Program)
    .flatMap(({ Pid, Stopped, Threads }) => (Threads ?? []).map((thread) => ({ ...thread, Pid, Stopped })));

const until = ({ Timeout }) => (Timeout > 0 && Timeout < 2 ** 62 ? `, at most until ${duration(Timeout)}` : "");

// flags are the timeouts that end a phase.
const flags = {
  fresh: "-head-timeout",
  head: "-head-timeout",
  challenge: "-head-timeout",
  body: "-idle-timeout",
  idle: "-idle-timeout",
  open: "-idle-timeout",
  pinged: "-close-timeout",
  closing: "-close-timeout",
  linger: "-close-timeout",
};

// flagOf is the timeout that a connection's deadline comes from. While bytes wait for a slow client, the write timeout
// runs in place of that of the phase, unless the connection is being closed.
function flagOf({ Phase, Queued }, isStopping) {
  const flag = flags[Phase] ?? "";
  if (Queued > 0 && flag !== "-close-timeout") return "-write-timeout";
  return isStopping && /^(fresh|idle)$/.test(Phase) ? "the shutdown" : flag;
}

// dueOf says which connections of a process have reached their deadline. It names a few of them.
function dueOf(pid, { Phases, Sockets }, time, net) {
  const isStopping = Boolean(Sockets) && !Sockets.some(({ State }) => State === "LISTEN");
  const due = (Phases ?? []).filter(({ Pid, Deadline }) => Pid === pid && Deadline >= 0 && Deadline <= time);
  const names = due.slice(0, most).map((session) => {
    const flag = flagOf(session, isStopping);
    const name = net?.nameOfFile(session.File) ?? `descriptor ${session.Fd}`;
    return `${name} in phase ${session.Phase}${flag && ` (${flag})`}`;
  });
  if (due.length > most) names.push(`${due.length - most} more`);
  return names.length > 0 ? `, because the time is up for ${names.join(" and ")}` : "";
}

// firedOf says what the kernel has done because it was time, and to which socket.
function firedOf({ Fired }, net) {
  if (!Fired?.About) return "";
  const end = net?.endOf(Fired.Socket);
  return `${Fired.About}${end ? ` (${end})` : ""}`;
}

// changeOf says what one thread has done, or nothing.
function changeOf(thread, before, views, net) {
  const { Pid, Tid, Waits, Call } = thread;
  const name = `thread ${Tid} of process ${Pid}`;
  if (!before) return Waits ? `${name} waits in ${Call}${until(thread)}` : `${name} begins`;
  if (thread.Stopped !== before.Stopped) return `${name} ${thread.Stopped ? "is stopped" : "continues"}`;
  if (Waits && !before.Waits) {
    const again = before.Call ? "looks, finds nothing, and waits on" : "waits";
    return `${name} ${again} in ${Call}${until(thread)}`;
  }
  if (!Waits && before.Waits) {
    const time = views.after.Time;
    const isLate = before.Timeout > 0 && before.Timeout <= time;
    if (isLate) return `${before.Call} of ${name} has timed out${dueOf(Pid, views.before, time, net)}`;
    return `${views.after.Fired?.About ? "that" : "a timer of the kernel"} wakes ${name} in ${before.Call}`;
  }
  return "";
}

// changes says what has happened between the views of two steps.
export function changes(before, after, net) {
  const old = new Map(threadsOf(before).map((thread) => [`${thread.Pid} ${thread.Tid}`, thread]));
  const all = threadsOf(after)
    .map((thread) => changeOf(thread, old.get(`${thread.Pid} ${thread.Tid}`), { before, after }, net))
    .filter(Boolean);
  all.unshift(...[firedOf(after, net)].filter(Boolean));
  if (before.Time < after.Time) all.unshift(`time has passed from ${duration(before.Time)} to ${duration(after.Time)}`);
  if (all.length === 0) return "a timer of the kernel has gone off";
  if (all.length > 3) all.splice(3, all.length, `and ${all.length - 3} more`);
  return all.join("; ");
}

// position is the number of the step, and how many are known if that is more.
export const position = ({ step, furthest }) => (furthest > step ? `${step} of ${furthest}` : `${step}`);

// waited says that a reader has waited in vain.
function waited({ view, waited: until }) {
  if (until === 0) return "";
  return ` You have waited until ${duration(until)}; ${coming(view, until, "nothing more will happen")}.`;
}

// tell says what the step of a machine has done.
export function tell(machine, net) {
  const events = telling(machine.now);
  const what = events.map((event) => {
    if (event.Call === "") return event.Action;
    return `${isOfProgram(event) ? "" : "client "}${net.nameOfProcess(event.Pid)}: ${written(event, brief)}`;
  });
  const compare = (before, after) => changes(before, after, net);
  const quiet = () => (machine.step === 0 ? "the start" : machine.change(compare));
  const left = machine.now.length - events.length;
  const text = `${what.join(". ") || quiet()}${left > 0 ? `, and ${left} more` : ""}`;
  return `Step ${position(machine)}, at ${duration(machine.view.Time)}: ${text}.${waited(machine)}`;
}
