"""CPython's asyncio doing the same jobs, as answerJobs.ts does: a JSON line for each. `uvloop` as the argument: on that loop."""
import asyncio
import json
import platform
import struct
import sys
import time

BLOCK = 65536
REST_EVERY, REST_SECONDS = 2**20, 0.001


async def connect(port):
    return await asyncio.open_connection('127.0.0.1', port)


async def listen(handler):
    server = await asyncio.start_server(handler, '127.0.0.1', 0)
    return {'port': server.sockets[0].getsockname()[1]}


def expect_count(actual, expected):
    if actual != expected:
        raise ValueError(f'got {actual}, expected {expected}')


async def chunks(port, amount, size):
    reader, writer = await connect(port)
    received = 0
    while chunk := await reader.read(BLOCK):
        received += len(chunk)
    writer.close()
    expect_count(received, amount * size)


async def lines(port, amount, size):
    reader, writer = await connect(port)
    received = 0
    async for line in reader:
        received += len(line.decode())
    writer.close()
    expect_count(received, amount * size)


async def read_until(port, amount, size):
    reader, writer = await connect(port)
    received = 0
    for _ in range(amount):
        received += len(await reader.readuntil(b'\n'))
    writer.close()
    expect_count(received, amount * size)


async def frames(port, amount, size):
    reader, writer = await connect(port)
    received = 0
    for _ in range(amount):
        (length,) = struct.unpack('>I', await reader.readexactly(4))
        received += len(await reader.readexactly(length))
    writer.close()
    expect_count(received, amount * size)


async def round_trips(port, amount, size):
    reader, writer = await connect(port)
    message = b'x' * size
    times = []
    for _ in range(amount):
        start = time.perf_counter()
        writer.write(message)
        await reader.readexactly(size)
        times.append((time.perf_counter() - start) * 1e6)
    writer.close()
    times.sort()
    return {name: times[int(amount * share)] for name, share in (('p50', 0.5), ('p99', 0.99), ('p999', 0.999))}


async def proxy(port, amount, size):
    async def pipe(reader, writer):
        while chunk := await reader.read(BLOCK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()

    async def handle(reader, writer):
        up_reader, up_writer = await connect(port)
        await asyncio.gather(pipe(reader, up_writer), pipe(up_reader, writer))
        writer.close()
        up_writer.close()

    return await listen(handle)


async def slow_consumer(port, amount, size):
    reader, writer = await connect(port)
    received, rest_at = 0, REST_EVERY
    while chunk := await reader.read(BLOCK):
        received += len(chunk)
        if received >= rest_at:
            rest_at += REST_EVERY
            await asyncio.sleep(REST_SECONDS)
    writer.close()
    expect_count(received, amount * size)


async def redis(port, amount, size):
    store = {}

    def bulk(value):
        return b'$-1\r\n' if value is None else b'$%d\r\n%b\r\n' % (len(value), value)

    def reply(args):
        verb = args[0].upper()
        if verb == b'GET' and len(args) == 2:
            return bulk(store.get(args[1]))
        if verb == b'SET' and len(args) == 3:
            store[args[1]] = args[2]
            return b'+OK\r\n'
        if verb == b'PING':
            return b'+PONG\r\n'
        if verb == b'COMMAND':
            return b'*0\r\n'
        if verb == b'CONFIG':
            return b'*2\r\n' + bulk(args[2]) + bulk(b'')
        return b'-ERR unknown command\r\n'

    async def handle(reader, writer):
        try:
            while header := await reader.readline():
                args = []
                for _ in range(int(header[1:])):
                    length = int((await reader.readline())[1:])
                    args.append((await reader.readexactly(length + 2))[:-2])
                writer.write(reply(args))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    return await listen(handle)


JOBS = {
    'chunks': chunks,
    'lines': lines,
    'readUntil': read_until,
    'frames': frames,
    'roundTrips': round_trips,
    'proxy': proxy,
    'slowConsumer': slow_consumer,
    'redis': redis,
}


async def answer_jobs():
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        options = json.loads(line)
        job = options.pop('job')
        try:
            start = time.perf_counter()
            result = await JOBS[job](options.get('port'), options.get('amount'), options.get('size'))
            answer = {'seconds': time.perf_counter() - start, **(result or {})}
        except Exception as error:
            answer = {'error': repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    if 'uvloop' in sys.argv[1:]:
        import uvloop

        uvloop.install()
    if 'version' in sys.argv[1:]:
        print(f'uvloop {uvloop.__version__}' if 'uvloop' in sys.argv else f'Python {platform.python_version()}')
    else:
        asyncio.run(answer_jobs())
