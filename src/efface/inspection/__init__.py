"""Inspect a file: report everything in it that could identify a person shown or its author.
Read-only."""
