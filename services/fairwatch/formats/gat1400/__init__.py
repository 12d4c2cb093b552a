"""GA/T 1400, the Chinese national standard of video surveillance."""
