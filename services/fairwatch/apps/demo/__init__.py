"""The main job as a play: devices on their real protocols, every processor a process, expectations checked."""
