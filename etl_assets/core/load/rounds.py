"""Rows that refer to one another round in a circle: they stand or fall together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

Row = tuple[str, str]  # table, legacy id


@dataclass(frozen=True)
class Round:
    """Rows of which each leads to each other, most often one alone; `parents` are those that they name beside."""

    rows: tuple[Row, ...]
    parents: frozenset[Row] = frozenset()


def rounds(named: Mapping[Row, Sequence[Row]]) -> list[Round]:
    """The rows by what they refer to, in an order in which that comes first.

    Args:
        named: each row with the rows that it refers to; others than these are left out of account.
    """
    within = {row: [other for other in others if other in named and other != row] for row, others in named.items()}
    members = _components(within)
    of = {row: number for number, rows in enumerate(members) for row in rows}
    graph = {n: {of[o] for row in rows for o in within[row]} - {n} for n, rows in enumerate(members)}
    return [
        Round(tuple(members[number]), frozenset(o for row in members[number] for o in within[row] if of[o] != number))
        for number in TopologicalSorter(graph).static_order()
    ]


def joined_users(rows: Mapping[str, int], pairs: Iterable[tuple[str, str]]) -> list[tuple[list[str], int]]:
    """The users by whom they have to arrive with, each group with the rows of all: the largest first."""
    group = {user: [user] for user in rows}
    for one, other in pairs:
        if group[one] is not group[other]:
            small, large = sorted((group[one], group[other]), key=len)
            large += small
            group |= dict.fromkeys(small, large)
    groups = {id(users): users for users in group.values()}.values()
    return sorted(((users, sum(rows[user] for user in users)) for users in groups), key=lambda found: -found[1])


def _components(graph: Mapping[Row, Sequence[Row]]) -> list[list[Row]]:
    """Strongly connected components, by Tarjan's algorithm without recursion (R. Tarjan, SIAM J. Comput. 1972)."""
    index: dict[Row, int] = {}
    low: dict[Row, int] = {}
    done: set[Row] = set()
    stack: list[Row] = []
    found: list[list[Row]] = []
    for start in graph:
        work = [(start, iter(graph[start]))] if start not in index else []
        while work:
            node, others = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
            other = next((o for o in others if o not in done), None)
            if other is not None and other not in index:
                work.append((other, iter(graph[other])))
            elif other is not None:
                low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    place = stack.index(node)
                    found.append(stack[place:])
                    done.update(stack[place:])
                    del stack[place:]
    return found
