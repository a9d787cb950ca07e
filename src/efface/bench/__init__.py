"""Benchmarks: labelled sets, clips with known boxes, scores, and tables. No code that erases
imports this package."""
