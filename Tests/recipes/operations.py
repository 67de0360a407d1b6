"""docs/operations.md."""
