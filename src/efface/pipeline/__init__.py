"""The order of work for one source and for many: open, look, plan, render, check, publish.

A photo is a source with one frame, so photos and videos go the same way.
"""
