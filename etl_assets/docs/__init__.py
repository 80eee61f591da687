"""What people read beside the README: `etl-assets docs NAME` prints it, `.github/` holds the same."""
