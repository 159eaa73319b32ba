"""The other side of the asyncio specs: plain asyncio streams, one conversation by name.

    asyncio_peer.py OPTIONS

OPTIONS is an object of JSON:

    conversation   the name of one of the functions below
    role           "serve": tells where it listens (a port, or the path), and ends after one connection;
                   "connect": connects to `port` or `path`
    path           a Unix socket, in place of TCP
    tls            encrypts from the start; `ca`, `cert` and `key` are files, see `server_context` and `client_context`
    start_tls      the same, for a conversation that encrypts later

Everything printed is a line of JSON.
"""

import asyncio
import contextlib
import hashlib
import json
import socket
import ssl
import struct
import sys

MEBIBYTE = 2**20
OPTIONS = json.loads(sys.argv[1])
IS_SERVER = OPTIONS["role"] == "serve"


def tell(value):
    print(json.dumps(value), flush=True)


def digest(data):
    return [len(data), hashlib.sha256(data).hexdigest()]


async def next_command():
    """A line on standard input: the spec says when to go on."""
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


# What clients have asked for, by SNI.
asked_for = []


def server_context(tls):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls["ca"])
    context.load_cert_chain(tls["cert"], tls["key"])
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    if tls.get("ask"):
        context.verify_mode = ssl.CERT_REQUIRED
    if "alpn" in tls:
        context.set_alpn_protocols(tls["alpn"])
    return context


def client_context(tls):
    context = ssl.create_default_context(cafile=tls["ca"])
    if tls.get("show"):
        context.load_cert_chain(tls["clientCert"], tls["clientKey"])
    if "alpn" in tls:
        context.set_alpn_protocols(tls["alpn"])
    return context


def context_and_name(tls):
    if tls is None:
        return {}
    if IS_SERVER:
        return {"ssl": server_context(tls)}
    return {"ssl": client_context(tls), "server_hostname": tls.get("name", "localhost")}


def common_name(certificate):
    return next((value for ((name, value),) in certificate["subject"] if name == "commonName"), None)


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


async def partial(reader, writer):
    """Ends in the middle of a frame."""
    writer.write(b"12345")
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
    """Sends 4 MiB while it reads as much."""
    data = bytes(i * 7 % 251 for i in range(4 * MEBIBYTE))

    async def send():
        for at in range(0, len(data), 10_000):
            writer.write(data[at : at + 10_000])
            await writer.drain()

    _, received = await asyncio.gather(send(), reader.readexactly(len(data)))
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
    """Breaks the connection when it is told to."""
    # Behind an answer, so that nothing else is on its way then: Node.js takes a reset that comes together with data, as
    # with the session tickets of TLS, for an end.
    writer.write(await reader.readline())
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


async def who(reader, writer):
    """Tells what TLS knows of the other side."""
    await reader.readline()
    encryption = writer.get_extra_info("ssl_object")
    certificate = writer.get_extra_info("peercert")
    tell(
        {
            "version": encryption.version(),
            "protocol": encryption.selected_alpn_protocol(),
            "peer": common_name(certificate) if certificate else None,
            "askedFor": asked_for,
        }
    )
    writer.close()


async def start_tls(reader, writer):
    """Encrypts in the middle of the conversation, then goes on line by line."""
    if IS_SERVER:
        tell((await reader.readline()).decode())
        writer.write(b"go ahead\n")
    else:
        writer.write(b"encrypt\n")
        tell((await reader.readline()).decode())
    options = context_and_name(OPTIONS["start_tls"])
    try:
        await writer.start_tls(options.pop("ssl"), **options)
    except (ssl.SSLError, ConnectionError) as error:
        tell(["failed", type(error).__name__])
        return
    tell(writer.get_extra_info("ssl_object").version())
    if "size" in OPTIONS:
        await both_ways(reader, writer)
    else:
        await lines(reader, writer)


async def say_too_much(reader, writer):
    """Has plaintext behind its consent to encrypt, as an attacker between the two would put it there."""
    await reader.readline()
    writer.write(b"go ahead\ninjected\n")
    await reader.read()
    writer.close()


async def finish(conversation, reader, writer):
    await conversation(reader, writer)
    # Whether the connection ended well is known to the conversation.
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def serve(conversation):
    done = asyncio.get_running_loop().create_future()

    async def on_connection(reader, writer):
        try:
            await finish(conversation, reader, writer)
            done.set_result(None)
        except Exception as error:
            done.set_exception(error)

    encryption = context_and_name(OPTIONS.get("tls"))
    if "path" in OPTIONS:
        server = await asyncio.start_unix_server(on_connection, OPTIONS["path"], **encryption)
        tell(OPTIONS["path"])
    else:
        server = await asyncio.start_server(on_connection, "127.0.0.1", 0, **encryption)
        tell(server.sockets[0].getsockname()[1])
    await done
    server.close()


async def connect(conversation):
    encryption = context_and_name(OPTIONS.get("tls"))
    if "path" in OPTIONS:
        reader, writer = await asyncio.open_unix_connection(OPTIONS["path"], **encryption)
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", OPTIONS["port"], **encryption)
    await finish(conversation, reader, writer)


asyncio.run((serve if IS_SERVER else connect)(globals()[OPTIONS["conversation"]]))
