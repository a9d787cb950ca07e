"""The plan: every region of one source, and why it is there. Before it lies perceiving, after it acting."""
