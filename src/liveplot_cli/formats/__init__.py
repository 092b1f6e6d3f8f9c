"""What files hold, byte by byte: text and tables, arrays, the blocks of a GIF, the chunks of a WebP, the boxes of
an MP4, a page that plays a film."""
