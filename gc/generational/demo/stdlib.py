"""What stdlib.heap was written after: three modules imported and used once, with errors as they happen."""

import asyncio
import http.client
import json

json.dumps({"a": [1, 2]}, indent=2)


class Closed:
    """A socket of which nothing can be read."""

    def makefile(self, mode: str) -> None:
        """Fails, as when the other side has gone."""
        raise OSError("closed")


async def worker(n: int) -> None:
    """The second of them fails."""
    await asyncio.sleep(0)
    if n == 1:
        raise ValueError(n)


async def work() -> None:
    """Three at a time; the failure is handled."""
    try:
        await asyncio.gather(worker(0), worker(1), worker(2))
    except ValueError:
        pass


asyncio.run(work())
try:
    http.client.HTTPResponse(Closed())  # type: ignore[arg-type]
except OSError:
    pass
