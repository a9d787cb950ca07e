"""Drawn licence plates, and things easily taken for plates, for teaching a detector where plates
are.

The characters are random and nobody reads them: what counts is the look of a plate from many
countries.
"""
