"""The order of things: open, look, plan, render, check, publish; for one source and for many.

A photo is a source with one frame, so photos and videos go the same way.
"""
