"""How the plate detector's weights are made.

Needs PyTorch, which efface itself never does; see training/README.md.
"""
