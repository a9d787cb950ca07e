"""What a file gives away: everything in it that could identify somebody, or whoever made it. It reads, and changes nothing."""
