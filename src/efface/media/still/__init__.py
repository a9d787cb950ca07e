"""Photos and animations: read them and write new ones."""
