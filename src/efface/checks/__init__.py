"""Checks on a finished draft. They read the file from the disk, as a stranger would, and share nothing with the renderer."""
