"""What is kept outside of topics: media, sessions, heartbeats, the console's read model."""
