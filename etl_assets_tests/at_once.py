"""Processes that do the same at the same moment."""

import subprocess


def at_once(command: list[str], count: int) -> list[str]:
    """What each of so many prints after its line `ready`, at which all of them wait for one another."""
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    assert all(process.stdout and process.stdout.readline() == "ready\n" for process in processes)
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0] for process in processes]
