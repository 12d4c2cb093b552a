"""Intel DL Streamer and SceneScape."""
