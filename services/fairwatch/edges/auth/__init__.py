"""Who calls, whether it proves it, and what happens to those who guess."""
