"""Read container formats part by part to the last byte, and recognise formats. Standard library
only.

This package imports none of the libraries that read or write media elsewhere in efface, so the
check of a finished file does not share their errors.
"""
