"""The main job as a play: simulated devices on their real protocols, every processor a process, expectations checked."""
