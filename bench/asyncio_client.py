"""CPython's asyncio Streams doing the same jobs: argv is port, job, arguments; prints the seconds it took."""
import asyncio
import sys
import time


async def main() -> None:
    port, job, *arguments = sys.argv[1:]
    reader, writer = await asyncio.open_connection('127.0.0.1', int(port))
    if job == 'readuntil':
        total, pattern = int(arguments[0]), arguments[1]
        writer.write(f'send {total} {pattern}\n'.encode())
        start = time.perf_counter()
        left = total
        while left > 0:
            left -= len(await reader.readuntil(b'\n'))
    else:
        count, size = int(arguments[0]), int(arguments[1])
        writer.write(b'echo\n')
        message = b'x' * size
        start = time.perf_counter()
        for _ in range(count):
            writer.write(message)
            await reader.readexactly(size)
    print(time.perf_counter() - start)
    writer.close()
    await writer.wait_closed()


asyncio.run(main())
