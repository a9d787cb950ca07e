"""The review page, on which a person checks and corrects what will be erased, and its web server
for this machine only."""
