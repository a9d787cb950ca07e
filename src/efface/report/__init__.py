"""What was asked, found, done and checked, as a page, as JSON and as lines in the terminal; all
three from the same facts."""
