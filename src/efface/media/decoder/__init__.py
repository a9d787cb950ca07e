"""Decode in a process behind walls: what comes from it is not trusted until it was checked."""
