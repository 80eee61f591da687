"""The code location: every asset, check and job of the spec that ETL_SPEC names."""

from etl_assets.automation.build import build_definitions
from etl_assets.settings import read_settings, read_spec

defs = build_definitions(read_spec(read_settings().spec_path))
