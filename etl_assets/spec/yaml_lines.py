"""YAML as strings with line numbers: `null`, `yes` and `012` mean what they say."""

from typing import Any

import yaml

from etl_assets.model.errors import SpecError

Path = tuple[str | int, ...]
DEEPEST = 20  # the grammar ends at eight


def dotted(path: Path) -> str:
    """A path as the operator reads it: `tables.jobs.columns.status`."""
    return ".".join(str(part) for part in path)


def read_yaml(text: str, *, file: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """The document as nested dicts, lists and strings, and the line on which each path starts.

    Raises:
        SpecError: the text is not YAML, not a mapping, or a key stands twice (YAML itself keeps the last one silently).
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError:
        raise SpecError("brackets stand within brackets, deeper than any spec needs", file=file) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be read"
        raise SpecError(f"not YAML: {problem}", file=file, line=mark.line + 1 if mark else None) from None
    if not isinstance(root, yaml.MappingNode):
        raise SpecError(
            "the file holds no mapping; start with `source:`, `namespace:` and `tables:`", file=file, line=1
        )
    lines: dict[Path, int] = {}
    return _value(root, (), lines=lines, file=file), lines


def _value(node: yaml.Node, path: Path, *, lines: dict[Path, int], file: str) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if len(path) > DEEPEST:
        line = node.start_mark.line + 1
        raise SpecError("an alias stands inside its own anchor", file=file, line=line, path=dotted(path[:3]))
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, i), lines=lines, file=file) for i, child in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key_node, child in node.value:
        key, line = key_node.value, key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise SpecError("a key must be a plain word", file=file, line=line, path=dotted(path))
        if key in result:
            raise SpecError("stands twice in this section; keep one", file=file, line=line, path=dotted((*path, key)))
        lines[(*path, key)] = line
        result[key] = _value(child, (*path, key), lines=lines, file=file)
    return result


def line_of(path: Path, lines: dict[Path, int]) -> int | None:
    """The line of the longest known part of a path."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return lines.get(())
