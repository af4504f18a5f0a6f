"""Answers each GET with a page: a solution of project 2 with a coroutine for each client.

The state of a connection is in the variables of its coroutine. All coroutines run in one thread; at
each "await" the loop of asyncio may continue another one. This program calls accept itself: when no
descriptor is free, asyncio.start_server of Python 3.11 calls it up to a hundred times in a row, and
logs each failure.
"""

import asyncio
import socket
import sys

LONGEST = 16 * 1024  # bytes of a request
ARRIVAL = 10  # seconds from the first byte of a request to its last one
PATIENCE = 60  # seconds for which an answer may wait for a client that doesn't read

PAGE = b"<!doctype html><title>A page</title>\n" + 60 * b"<p>All is well.\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)


def last(head):
    """Whether the client wants the connection to end after this request (RFC 9112 9.3)."""
    first, *fields = head.lower().split(b"\r\n")
    options = b",".join(f[len(b"connection:"):] for f in fields if f.startswith(b"connection:"))
    return b"close" in [o.strip() for o in options.split(b",")] or not first.endswith(b" http/1.1")


def simple(head):
    """Whether it is a GET without a body."""
    fields = head.lower()
    # A blank before the colon, or a line that ends with \n alone, must not hide a length from us that a
    # proxy in front may see.
    return head.startswith(b"GET ") and b"\ncontent-length" not in fields and b"\ntransfer-encoding" not in fields


async def receive(reader, transport):
    """Return the next request. Between two requests a client may be silent, but a request that has
    begun must arrive in time. When the time is over, abort makes the read fail. It also drops answers
    that the socket hasn't taken yet; close would wait for a client that doesn't read them."""
    first = await reader.readexactly(1)
    deadline = asyncio.get_running_loop().call_later(ARRIVAL, transport.abort)
    try:
        return first + await reader.readuntil(b"\r\n\r\n")
    finally:
        deadline.cancel()


async def serve(reader, writer):
    """Answer the requests of one client. No exception of a connection goes further than this."""
    try:
        while True:
            head = await receive(reader, writer.transport)
            if not simple(head):
                return  # after a body that isn't read, nobody knows where the next request begins
            writer.write(ANSWER)
            await asyncio.wait_for(writer.drain(), PATIENCE)  # a client that doesn't read waits here
            if last(head):
                return
    except asyncio.TimeoutError:
        writer.transport.abort()  # close alone would wait until this client reads the rest
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        pass  # the client has left, or sends too much, or takes too long
    finally:
        writer.close()


async def main(host, port):
    loop = asyncio.get_running_loop()
    # create_server sets SO_REUSEADDR, so a restart can use the same port.
    with socket.create_server((host, port), backlog=128) as listener:
        listener.setblocking(False)
        # Connections take this option over from the listener. (start_server would set it, too.) Without
        # it, a second answer could wait 40 ms, until the client has acknowledged the first one.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print("listening on", listener.getsockname(), flush=True)
        while True:  # until a SIGTERM, whose default action ends the process
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:  # such as EMFILE: clients wait in the backlog meanwhile
                print(f"accept: {error}", file=sys.stderr)
                await asyncio.sleep(0.1)
                continue
            reader = asyncio.StreamReader(limit=LONGEST)
            protocol = asyncio.StreamReaderProtocol(reader, serve)
            await loop.connect_accepted_socket(lambda: protocol, connection)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit(f"usage: {sys.argv[0]} PORT")
    asyncio.run(main("127.0.0.1", int(sys.argv[1])))
