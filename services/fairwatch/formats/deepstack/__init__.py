"""DeepStack and CodeProject.AI."""
