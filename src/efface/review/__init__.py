"""The page on which a person checks and corrects what will be erased: a web server for this machine only, and a page."""
