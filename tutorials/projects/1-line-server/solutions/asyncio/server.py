"""Sends each line back: a solution of project 1 with a coroutine for each client.

All coroutines run in one thread. The state of a connection is in the variables of its coroutine, so
serve reads like a program for one client. But each place where it may wait has an "await": there,
and only there, the loop of asyncio continues other coroutines. The loop asks epoll(7) which sockets
are ready.
"""

import asyncio
import sys

LONGEST = 64 * 1024  # the most bytes of a line


async def serve(reader, writer):
    """Send back each complete line, until the client leaves. No exception goes further than this."""
    try:
        while True:
            line = await reader.readuntil(b"\n")  # may read several times; keeps what follows the line
            writer.write(line)  # never waits: what the socket doesn't take goes into a buffer
            await writer.drain()  # waits while that buffer is too full, so the client slows only itself
    except asyncio.IncompleteReadError as end:
        if end.partial:
            print("a client left in the middle of a line", file=sys.stderr)
    except (asyncio.LimitOverrunError, OSError) as error:  # a line too long, or a reset
        print(f"lost a client: {error}", file=sys.stderr)
    finally:
        writer.close()  # sends what is in the buffer, and then closes the descriptor


async def main(host, port):
    # start_server sets SO_REUSEADDR, so a restart can use the same port. The limit is for readuntil.
    server = await asyncio.start_server(serve, host, port, limit=LONGEST)
    print("listening on", server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()  # until a SIGTERM, whose default action ends the process


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit(f"usage: {sys.argv[0]} PORT")
    asyncio.run(main("127.0.0.1", int(sys.argv[1])))
