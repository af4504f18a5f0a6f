"""Is a room of WebSocket clients: a solution of project 3 with a coroutine for each client.

The state of a connection is in the variables of its coroutine. All coroutines run in one thread, and a
message is given to all members without an "await", so all see the same order. Each member's transport
keeps what the socket hasn't taken. A member for which too much waits there is disconnected.
"""

import asyncio
import base64
import hashlib
import signal
import socket
import sys

HEAD = 16 * 1024  # the most bytes of an opening handshake
LONGEST = 256 * 1024  # the most bytes of a message
DUE = 1024 * 1024  # the most bytes that wait for a member
LINGER = 2  # seconds for the last bytes, and for the client's FIN

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

members = {}  # writers, as the keys: a dict keeps the order in which they have joined


class Over(Exception):
    """The connection ends with a Close frame that has this payload."""


def failure(code):
    return Over(code.to_bytes(2, "big"))


def frame(opcode, payload):
    n = len(payload)
    if n < 126:
        length = bytes([n])
    elif n < 65536:
        length = b"\x7e" + n.to_bytes(2, "big")
    else:
        length = b"\x7f" + n.to_bytes(8, "big")
    return bytes([0x80 | opcode]) + length + payload


def put(writer, data):
    """Send without waiting. A member that doesn't read loses its connection, and nobody waits for it."""
    if writer.transport.is_closing():
        return
    writer.write(data)
    if writer.transport.get_write_buffer_size() > DUE:
        members.pop(writer, None)
        writer.transport.abort()


def tell_all(payload):
    data = frame(TEXT, payload)
    for writer in list(members):  # put may remove one
        put(writer, data)


async def handshake(reader, writer):
    """Answer the opening handshake. With the response the client becomes a member."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    key = fields.get("sec-websocket-key", "")
    if not first.startswith("GET ") or fields.get("upgrade", "").lower() != "websocket" or len(key) != 24:
        raise ValueError("no opening handshake")
    digest = hashlib.sha1(key.encode("latin-1") + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    put(writer, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n")
    members[writer] = True


async def receive(reader):
    """Return the FIN bit, the opcode and the payload of the next frame."""
    first, second = await reader.readexactly(2)
    opcode, n = first & 15, second & 127
    if first & 0x70 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG) or not second & 128:
        raise failure(1002)  # reserved, or without a mask
    if opcode >= CLOSE and (n > 125 or not first & 128):
        raise failure(1002)  # a control frame must be short and whole
    if n > 125:
        n = int.from_bytes(await reader.readexactly(2 if n == 126 else 8), "big")
    if n > LONGEST:
        raise failure(1009)
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(n)
    # One XOR of two long numbers takes far less time than one for each byte.
    key = int.from_bytes((mask * (n // 4 + 1))[:n], "big")
    return first & 128, opcode, (int.from_bytes(payload, "big") ^ key).to_bytes(n, "big")


def answer_close(payload):
    """Return what ends a connection after a client's Close frame."""
    if len(payload) == 1 or not is_utf8(payload[2:]):
        return failure(1002 if len(payload) == 1 else 1007)
    return Over(payload[:2])  # the client's code


def is_utf8(data):
    try:
        data.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return False


async def converse(reader, writer):
    """Take frames until one of them ends the connection."""
    whole = None  # the fragments of a message so far
    while True:
        fin, opcode, payload = await receive(reader)
        if opcode == PING:
            put(writer, frame(PONG, payload))
        elif opcode == CLOSE:
            raise answer_close(payload)
        elif opcode == BINARY:
            raise failure(1003)
        elif opcode != PONG:
            if (whole is None) != (opcode == TEXT):
                raise failure(1002)  # a fragment without a beginning, or a message within another one
            whole = bytearray() if whole is None else whole
            whole += payload  # without a copy of the earlier fragments
            if len(whole) > LONGEST:
                raise failure(1009)
            if fin:
                if not is_utf8(whole):
                    raise failure(1007)
                tell_all(whole)
                whole = None
                await asyncio.sleep(0)  # a member that sends without a pause lets the others have their turn


async def leave(reader, writer, payload):
    """Send a Close frame and a FIN, and wait a little for the client's FIN."""
    members.pop(writer, None)
    put(writer, frame(CLOSE, payload))
    if not writer.transport.is_closing():
        writer.write_eof()
    while await reader.read(65536):
        pass


async def serve(reader, writer, stopping):
    """Serve one client. No exception of a connection goes further than this."""
    try:
        await handshake(reader, writer)
        talk = asyncio.ensure_future(converse(reader, writer))
        await asyncio.wait([talk, stopping], return_when=asyncio.FIRST_COMPLETED)
        talk.cancel()
        try:
            await talk
        except asyncio.CancelledError:
            await asyncio.wait_for(leave(reader, writer, b"\x03\xe9"), LINGER)  # 1001, going away
        except Over as end:
            await asyncio.wait_for(leave(reader, writer, end.args[0]), LINGER)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError, OSError, ValueError):
        pass  # the client has left, or sends too much, or no handshake
    finally:
        members.pop(writer, None)
        writer.transport.abort()


async def accept(listener, stopping, tasks):
    loop = asyncio.get_running_loop()
    while True:
        connection, reader = None, asyncio.StreamReader(limit=HEAD)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            connection, _ = await loop.sock_accept(listener)
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection)
        except OSError as error:  # such as EMFILE: clients wait in the backlog meanwhile
            print(f"accept: {error}", file=sys.stderr)
            if connection is not None:
                connection.close()
            await asyncio.sleep(0.1)
            continue
        task = loop.create_task(serve(reader, asyncio.StreamWriter(transport, protocol, reader, loop), stopping))
        tasks.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(tasks.discard)


async def main(host, port):
    loop = asyncio.get_running_loop()
    stopping, tasks = loop.create_future(), set()
    loop.add_signal_handler(signal.SIGTERM, lambda: stopping.done() or stopping.set_result(None))
    # create_server sets SO_REUSEADDR, so a restart can use the same port.
    with socket.create_server((host, port), backlog=128) as listener:
        listener.setblocking(False)
        print("listening on", listener.getsockname(), flush=True)
        accepting = loop.create_task(accept(listener, stopping, tasks))
        await stopping
        accepting.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=LINGER + 1)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit(f"usage: {sys.argv[0]} PORT")
    asyncio.run(main("127.0.0.1", int(sys.argv[1])))
