"""The other side of asyncio.node.spec.ts: plain asyncio streams, one conversation by name.

    asyncio_peer.py serve NAME          prints its port, then what it learns, and ends after one connection
    asyncio_peer.py connect NAME PORT   prints what it learns

Everything printed is a line of JSON.
"""

import asyncio
import hashlib
import json
import socket
import struct
import sys

MEBIBYTE = 2**20


def tell(value):
    print(json.dumps(value), flush=True)


def digest(data):
    return [len(data), hashlib.sha256(data).hexdigest()]


async def next_command():
    """A line on standard input: the spec says when to go on."""
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


# Conversations: each serves one of our clients, or talks to one of our servers.


async def lines(reader, writer):
    """readline, line by line, until there are no more."""
    while line := await reader.readline():
        tell(line.decode())
        writer.write(line.decode().upper().encode())
        await writer.drain()
    writer.close()


async def frames(reader, writer):
    """readuntil gets a length, readexactly the bytes; the answer has the same form."""
    while True:
        try:
            header = await reader.readuntil(b"\r\n")
        except asyncio.IncompleteReadError as error:
            tell(["incomplete", error.partial.decode()])
            break
        body = await reader.readexactly(int(header))
        tell(body.decode())
        answer = body[::-1]
        writer.write(b"%d\r\n%b" % (len(answer), answer))
    writer.close()


async def half_close(reader, writer):
    """Reads to the end, then answers."""
    everything = await reader.read()
    tell(everything.decode())
    writer.write(b"you sent %d bytes" % len(everything))
    writer.close()
    await writer.wait_closed()


async def half_close_first(reader, writer):
    """Ends its own direction at once, and goes on reading."""
    writer.write(b"all I have to say")
    writer.write_eof()
    tell((await reader.read()).decode())
    writer.close()


async def both_ways(reader, writer):
    """Sends a megabyte while it reads one."""
    data = bytes(i * 7 % 251 for i in range(MEBIBYTE))

    async def send():
        for at in range(0, len(data), 10_000):
            writer.write(data[at : at + 10_000])
            await writer.drain()
        writer.write_eof()

    _, received = await asyncio.gather(send(), reader.read())
    tell(digest(received))
    writer.close()


async def read_later(reader, writer):
    """Reads nothing until it is told to for the sixth time."""
    for _ in range(5):
        await next_command()
        tell("not reading")
    await next_command()
    tell(len(await reader.read()))
    writer.close()


async def drain_until_done(reader, writer):
    """Writes faster than anyone reads: drain has to hold it back."""
    held_back = False
    for _ in range(512):
        writer.write(bytes(65536))
        # Bytes that the kernel does not take wait here.
        if not held_back and writer.transport.get_write_buffer_size() > 0:
            held_back = True
            tell("held back")
        await writer.drain()
    writer.close()
    await writer.wait_closed()
    tell("done")


async def reset(reader, writer):
    """Breaks the connection when the first line has come."""
    await reader.readline()
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def is_reset(reader, writer):
    """Expects the other side to break the connection."""
    writer.write(b"hello\n")
    try:
        tell(["data", (await reader.read()).decode()])
    except ConnectionResetError:
        tell("ConnectionResetError")
    writer.close()


async def serve(conversation):
    done = asyncio.get_running_loop().create_future()

    async def on_connection(reader, writer):
        try:
            await conversation(reader, writer)
            done.set_result(None)
        except Exception as error:
            done.set_exception(error)

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    tell(server.sockets[0].getsockname()[1])
    await done
    server.close()


async def connect(conversation, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await conversation(reader, writer)


role, name = sys.argv[1:3]
if role == "serve":
    asyncio.run(serve(globals()[name]))
else:
    asyncio.run(connect(globals()[name], int(sys.argv[3])))
