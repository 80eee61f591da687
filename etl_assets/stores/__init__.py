"""The only code that touches a file or a database driver."""
