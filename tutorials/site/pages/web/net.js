// The connections of a run: what the kernel's lists of sockets, open file descriptions and descriptors say together.

// tablesOf are the descriptor tables of a process: the one that its threads share, and those of threads that have
// called unshare(2). An own one has the Tid of its thread, and which of the process's own ones it is.
export function tablesOf({ Pid, Program, Descriptors, Threads }) {
  const shared = { Pid, Program, Descriptors: Descriptors ?? [] };
  const own = (Threads ?? [])
    .filter(({ OwnTable }) => OwnTable)
    .map((thread, i) => ({ Pid, Program, Tid: thread.Tid, Own: i + 1, Descriptors: thread.Descriptors ?? [] }));
  return [shared, ...own];
}

// Net knows a run's connections. It remembers the clients' names, because a client that has closed is in no list.
export class Net {
  constructor() {
    this.names = new Map(); // of clients, by the addresses of their sockets
    this.ends = new Map(); // sockets' IDs, by those of their peers, also when the connection is over
    this.clients = new Map(); // names of clients, by their process IDs
    this.pairs = {}; // open file descriptions, by those of their peers
  }

  // learn takes a view of the machine.
  learn(view) {
    this.view = view;
    this.sockets = new Map(view.Sockets?.map((socket) => [socket.ID, socket]));
    this.files = new Map(view.Files?.map((file) => [file.ID, file]));
    this.fileOf = new Map(); // by the socket's ID
    for (const file of this.files.values()) {
      if (file.Socket) this.fileOf.set(file.Socket, file);
    }
    this.holders = new Map(); // of an open file description: {pid, fd, table} of each descriptor
    for (const process of view.Processes ?? []) {
      for (const table of tablesOf(process)) {
        for (const { Fd, File } of table.Descriptors) {
          if (!this.holders.has(File)) this.holders.set(File, []);
          this.holders.get(File).push({
            pid: process.Pid,
            fd: Fd,
            program: process.Program,
            table: this.nameOfTable(table),
          });
        }
      }
    }
    this.turn = view.Turn?.Tid ?? view.Turn ?? 0; // the thread that makes the next call, or 0
    this.programs = view.Processes?.filter((process) => process.Program) ?? [];
    this.#learnNames(view);
  }

  #learnNames(view) {
    this.clientSockets = new Map(); // names of clients, by sockets' IDs
    for (const { Name, Socket, Pid, Addresses } of view.Clients ?? []) {
      if (Pid) this.clients.set(Pid, Name);
      for (const address of Addresses ?? []) this.names.set(address, Name);
      const socket = this.sockets.get(Socket);
      if (!socket) continue;
      this.clientSockets.set(Socket, Name);
      if (socket.Local) this.names.set(socket.Local, Name);
    }
    for (const { ID, Peer } of this.sockets.values()) {
      if (!Peer) continue;
      this.ends.set(ID, Peer);
      const [one, other] = [this.fileOf.get(ID), this.fileOf.get(Peer)];
      if (one && other) this.pairs[one.ID] = other.ID;
    }
  }

  get listeners() {
    return [...this.sockets.values()].filter((socket) => socket.State === "LISTEN");
  }

  // isServers tells whether a socket is the server's end of a connection: a client connects to its address.
  isServers(socket) {
    return (
      this.listeners.some(({ Local }) => Local === socket.Local) ||
      this.names.has(socket.Remote) ||
      Boolean(this.fileOf.get(socket.ID) && this.holdersOf(socket).some((h) => h.program))
    );
  }

  holdersOf(socket) {
    return this.holders.get(this.fileOf.get(socket.ID)?.ID) ?? [];
  }

  // nameOf is the name of the client of a connection, of which socket is the server's end.
  nameOf(socket) {
    return this.clientSockets.get(socket.Peer) ?? this.names.get(socket.Remote) ?? `a client at ${socket.Remote}`;
  }

  // connections pairs the ends. An end that is gone is missing.
  get connections() {
    const queued = new Set(
      this.listeners.flatMap(({ Backlog, Deferred }) => [...(Backlog ?? []), ...(Deferred ?? [])]),
    );
    const sessions = new Map(this.view.Phases?.map((session) => [session.File, session]));
    const all = [];
    const taken = new Set();
    for (const server of this.sockets.values()) {
      if (server.State === "LISTEN" || this.clientSockets.has(server.ID) || !this.isServers(server)) continue;
      const client = this.sockets.get(server.Peer) ?? this.sockets.get(this.ends.get(server.ID));
      if (client) taken.add(client.ID);
      all.push({
        id: server.ID,
        name: this.nameOf(server),
        server,
        client,
        queued: queued.has(server.ID),
        holders: this.holdersOf(server).filter(({ program }) => program),
        session: sessions.get(this.fileOf.get(server.ID)?.ID),
        events: this.fileOf.get(server.ID)?.Events ?? [],
      });
    }
    for (const [id, name] of this.clientSockets) {
      if (!taken.has(id)) all.push({ id, name, client: this.sockets.get(id), holders: [], events: [] });
    }
    return all;
  }

  // endOf names an end of a connection by its socket.
  endOf(id) {
    if (this.clientSockets.has(id)) return `${this.clientSockets.get(id)}'s end`;
    const socket = this.sockets.get(id);
    return socket && this.isServers(socket) ? `the server's end of ${this.nameOf(socket)}'s connection` : "";
  }

  // nameOfFile is the name of the client to which an open file description is the server's end.
  nameOfFile(id) {
    const socket = this.sockets.get(this.files.get(id)?.Socket);
    return socket && this.nameOf(socket);
  }

  // commandOf is the name under which a process runs.
  commandOf({ Name, Args }) {
    return Name ?? Args?.[0] ?? "";
  }

  // about says what an open file description is.
  about(id) {
    const file = this.files.get(id);
    if (!file) return "gone";
    const socket = this.sockets.get(file.Socket);
    if (socket?.State === "LISTEN") return `listener ${socket.Local}`;
    if (socket && this.clientSockets.has(socket.ID)) return `TCP, ${this.clientSockets.get(socket.ID)}'s end`;
    if (socket?.Remote) return `TCP to ${this.nameOf(socket)}`;
    if (file.Kind === "eventfd") return `eventfd, count ${file.Count}`;
    return file.Path ? `${file.Kind} ${file.Path}` : file.Kind;
  }

  // clientOf is the name of the client that is a process, or nothing if it is a server's process.
  clientOf(pid) {
    return this.clients.get(pid);
  }

  // nameOfProcess names a process, as the tables do.
  nameOfProcess(pid) {
    return this.clients.get(pid) ?? `process ${pid}`;
  }

  // nameOfTable names a descriptor table. Of the servers only epollserv's loops have own ones.
  nameOfTable({ Pid, Tid, Own }) {
    return Tid ? `${this.nameOfProcess(Pid)}, loop ${Own}` : this.nameOfProcess(Pid);
  }
}
