"""The command line: flags to options, events to progress bars, errors to one line and an exit
code."""
