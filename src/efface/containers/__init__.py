"""Files part by part, up to the last byte, and what a file is: read with the standard library alone.

No library that reads or writes media elsewhere in efface is imported here, so the check of a finished file does not share
its errors.
"""
