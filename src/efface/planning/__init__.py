"""The plan: every region of one source, and its reason. Perceiving makes a plan; rendering follows
it."""
