"""What all charts are drawn with: looks, limits, words, and the shapes and measures that several of them share."""
