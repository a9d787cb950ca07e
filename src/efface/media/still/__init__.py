"""Photos and animations: reads them, and writes them anew."""
