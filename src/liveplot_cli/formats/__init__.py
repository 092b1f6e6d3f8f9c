"""What files hold, byte by byte: text and tables, arrays, the blocks of a GIF, the boxes of an MP4."""
