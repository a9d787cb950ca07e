"""Walls around a process that reads what strangers made. The kernel keeps it from other files, the
network and other processes."""
