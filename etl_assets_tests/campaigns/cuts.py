"""`python -m etl_assets_tests.campaigns.cuts [--count 30]`: the connection breaks after COMMIT was sent, before its answer.

A proxy on a Unix socket passes everything on, until the n-th COMMIT: it waits until the server has answered, keeps the
answer and closes the connection. The transaction is in; the client cannot know. Then a rerun without the proxy.
"""

import argparse
import random
import selectors
import socket
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from etl_assets_tests.campaigns.apps import production
from etl_assets_tests.campaigns.moments import Moment, Problems, differences, moments, torn_users
from etl_assets_tests.campaigns.pairs import SOON, sentence
from etl_assets_tests.campaigns.places import Grounds, Tally, grounds, tally

TRIALS_PER_APP = 10
BLOCK_BYTES = 1 << 16
COMMIT = b"COMMIT"
UNAVAILABLE = 3


class Proxy:
    """Listens in a folder as a server does; `commits` counts those that passed, `cut_at` is the one to cut."""

    def __init__(self, folder: Path, server: Path, *, cut_at: int) -> None:
        self.commits, self.cut_at, self._server = 0, cut_at, server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._server / ".s.PGSQL.5432"))
        with client, server, selectors.DefaultSelector() as waiting, suppress(OSError):
            waiting.register(client, selectors.EVENT_READ, server)
            waiting.register(server, selectors.EVENT_READ, client)
            is_cutting = False
            while True:
                for key, _ in waiting.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    block = source.recv(BLOCK_BYTES)
                    if not block or (is_cutting and source is server):
                        return
                    if source is client and COMMIT in block:
                        self.commits += 1
                        is_cutting = self.commits == self.cut_at
                    key.data.sendall(block)


def trial(ground: Grounds, moment: Moment, what: str, cut_at: int) -> tuple[int, int, Problems]:
    """The exit code, how many commits passed, and what is wrong afterwards."""
    with ground.place(like=moment.place) as place:
        folder = place.folder / "s"
        folder.mkdir()
        proxy = Proxy(folder, ground.server.socket_folder, cut_at=cut_at)
        cut = replace(place, url=place.url.replace(str(ground.server.socket_folder), str(folder)))
        output = place.folder / "cut"
        patches = {**moment.patches, **SOON}
        code = ground.forks.run(what, environment=cut.environment(), output=output, patches=patches)
        proxy.close()
        problems = torn_users(production(place.url), moment.before, moment.after)
        if code and (code != UNAVAILABLE or not sentence(output)):
            problems.append(f"ended with {code}: {Path(f'{output}.err').read_text()[-2000:]}")
        again = ground.forks.run("core", environment=place.environment(), output=output, patches=moment.patches)
        problems += [f"the rerun ended with {again}"] if again else []
        return code, proxy.commits, problems + differences(production(place.url), moment.after)


def play(ground: Grounds, seed: int, found: Tally, ends: Counter[int], *, count: int) -> None:
    """Some cuts in both moments of one app; every third through Dagster, which tries again by itself."""
    rng = random.Random(f"cut {seed}")
    with moments(ground, seed) as known:
        commits = [trial(ground, moment, "core", 0)[1] for moment in known]
        for number in range(count):
            which, what = number % 2, ("core", "core", "migrate")[number % 3]
            cut_at = rng.randrange(1, commits[which] + 1)
            code, _, problems = trial(ground, known[which], what, cut_at)
            ends[code] += 1
            found.note(f"seed {seed}, {what}, commit {cut_at} of {commits[which]}", problems)


def main() -> int:
    """Cuts so many connections; exit code 1 when anything deviates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30)
    asked = parser.parse_args()
    found, ends = tally("cuts"), Counter[int]()
    with grounds() as ground:
        for seed in range(500, 500 + -(-asked.count // TRIALS_PER_APP)):
            play(ground, seed, found, ends, count=min(TRIALS_PER_APP, asked.count - found.trials))
    return found.close(f", exit codes {dict(ends)}")


if __name__ == "__main__":
    sys.exit(main())
