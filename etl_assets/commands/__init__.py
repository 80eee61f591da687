"""What the command line runs, and how it says what came out."""
