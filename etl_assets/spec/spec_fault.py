"""What breaks a rule of the spec, and where."""

from etl_assets.spec.yaml_lines import Path


class SpecFault(Exception):
    """A rule is broken at `path`; the loader adds file and line."""

    def __init__(self, path: Path, problem: str) -> None:
        """Keeps both for the loader."""
        self.path, self.problem = path, problem
        super().__init__(problem)
