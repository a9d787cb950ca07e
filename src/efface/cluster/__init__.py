"""Several machines: who does what, the way there and back, and what happens when one of them is lost."""
